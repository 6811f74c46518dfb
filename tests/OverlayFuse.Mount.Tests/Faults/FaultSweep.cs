using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>
/// One operation, tried again and again on fresh cells while its first, second, third ... system call fails, until no call is left to fail.
/// What it must lesson.Answer and leave comes from the kernel's overlayfs on the same layers.
/// </summary>
internal sealed class FaultSweep(FaultCase tried, FaultShim shim, string directory)
{
    /// <summary>An error may lead a longer way round than success does.</summary>
    private const int SpareCells = 12;

    /// <summary>By these the work directory is cleaned up: when one fails, the end of the mount does it.</summary>
    private static readonly string[] CleaningUp = ["unlinkat", "openat", "getdents64", "fchmodat2"];

    private readonly List<string> violations = [];
    private readonly HashSet<string> leftBefore = [];
    private readonly FaultLesson lesson = new(tried, shim, directory);

    /// <summary>What was not as it must be; empty when all went well.</summary>
    public IReadOnlyList<string> Violations => violations;

    /// <summary>How many attempts met a failing call.</summary>
    public int Attempts { get; private set; }

    /// <summary>How many of them succeeded all the same.</summary>
    public int Survived { get; private set; }

    /// <summary>
    /// Lets calls fail, one in each attempt: that of the fault's number, then every <paramref name="step"/>-th one after it.
    /// </summary>
    public void Run(Fault fault, int step = 1)
    {
        lesson.Learn();
        int cells = ((CountCalls(fault) + SpareCells) / step) + 1;
        using Side side = lesson.MakeSide("ours", cells, (shim.Program, ProgramUnderTest.KernelItself));
        bool met = true;
        for (int cell = 0; cell < cells && met; cell++)
            met = Try(side, FaultScene.Cell(cell), fault with { Nth = fault.Nth + (cell * step) });
        if (met) violations.Add("the last attempt still met the fault: many more calls with it than without");
        CompareWithTheKernel(side);
    }

    /// <summary>A single attempt.</summary>
    public void RunOnce(Fault fault)
    {
        lesson.Learn();
        using Side side = lesson.MakeSide("ours", 1, (shim.Program, ProgramUnderTest.KernelItself));
        Try(side, FaultScene.Cell(0), fault);
        CompareWithTheKernel(side);
    }

    /// <summary>One attempt. False when there was no call left to fail.</summary>
    private bool Try(Side side, string cell, Fault fault)
    {
        using var session = new Session(side);
        FaultLesson.RunAll(tried.Before(cell), session);
        shim.Arm(fault);
        string got = FaultLesson.RunOne(tried.Act(cell), session);
        FaultReport report = shim.Disarm();

        string what = $"call {fault.Nth} ({report.Function}, {fault.Error}): ";
        bool succeeded = got == lesson.Answer;
        if (!succeeded && got != fault.Error.ToString()) violations.Add($"{what}answered {got}, must be {lesson.Answer} or the error");
        CheckWork(report, what);
        if (!succeeded) violations.AddRange(lesson.NeitherOldNor(lesson.Changed, side, cell, what));
        if (succeeded || !tried.OnceOnly) CheckNewState(side, session, cell, again: !succeeded, what);
        Attempts += report.Failed > 0 ? 1 : 0;
        Survived += report.Failed > 0 && succeeded ? 1 : 0;
        return report.Failed > 0;
    }

    private void CheckWork(FaultReport report, string what)
    {
        foreach (string path in LeftInWork())
            if (leftBefore.Add(path) && !CleaningUp.Contains(report.Function)) violations.Add($"{what}left in the work directory: {path}");
    }

    private void CheckNewState(Side side, Session session, string cell, bool again, string what)
    {
        string got = again ? FaultLesson.RunOne(tried.Act(cell), session) : lesson.Answer;
        if (got != lesson.Answer) violations.Add($"{what}answered {got}, must be {lesson.Answer}");
        string[] after = FaultLesson.RunAll(tried.After(cell), session);
        if (!after.SequenceEqual(lesson.AnswersAfter))
            violations.Add($"{what}then {string.Join("; ", after)}, must be {string.Join("; ", lesson.AnswersAfter)}");
        violations.AddRange(FaultLesson.Differences(side, cell, lesson.Changed, what).Select(line => $"{what}in the end: {line}"));
    }

    private int CountCalls(Fault fault)
    {
        using Side side = lesson.MakeSide("counted", 1, (shim.Program, ProgramUnderTest.KernelItself));
        FaultLesson.RunAll(tried.Before(FaultScene.Cell(0)), side.Session);
        shim.Arm(fault with { Nth = 0 });
        FaultLesson.RunOne(tried.Act(FaultScene.Cell(0)), side.Session);
        return shim.Disarm().Calls;
    }

    /// <summary>Whiteouts there are kept to be linked from.</summary>
    private IEnumerable<string> LeftInWork() =>
        from entry in TreeSnapshot.Take(directory + "/ours/side/w/work", TreeView.OnDisk).Entries
        where entry.Key.Length > 0 && !entry.Value.IsWhiteout
        select $"{entry.Key} ({entry.Value.Type})";

    private void CompareWithTheKernel(Side side)
    {
        TreeSnapshot ours = side.Merged();
        _ = side.UnmountedUpper();
        violations.AddRange(LeftInWork().Select(path => $"left in the work directory by the whole mount: {path}"));
        side.Remount(switchImplementation: true);
        violations.AddRange(side.Merged().Differences(ours, "kernel", "ours").Select(line => "remounted by the kernel: " + line));
        _ = side.UnmountedUpper();
        violations.AddRange(side.BrokenPromises());
    }
}
