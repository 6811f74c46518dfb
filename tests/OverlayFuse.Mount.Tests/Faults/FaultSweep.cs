using System.ComponentModel;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>
/// One operation, tried again and again on fresh cells while its first, second, third ... libc call fails, until no call is left to fail.
/// What it must answer and leave comes from the kernel's overlayfs on the same layers.
/// </summary>
internal sealed class FaultSweep(FaultCase tried, FaultShim shim, string directory)
{
    /// <summary>An error may lead a longer way round than success does.</summary>
    private const int SpareCells = 12;

    /// <summary>By these the work directory is cleaned up: when one fails, the end of the mount does it.</summary>
    private static readonly string[] CleaningUp = ["unlinkat", "openat", "getdents64", "fchmodat2"];

    private readonly List<string> violations = [];
    private readonly HashSet<string> leftBefore = [];
    private string answer = "";
    private string[] answersAfter = [];
    private TreeSnapshot old = null!, changed = null!;

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
        LearnFromTheKernel();
        int cells = ((CountCalls(fault) + SpareCells) / step) + 1;
        using Side side = MakeSide("ours", cells, (shim.Program, ProgramUnderTest.KernelItself));
        bool met = true;
        for (int cell = 0; cell < cells && met; cell++)
            met = Try(side, FaultScene.Cell(cell), fault with { Nth = fault.Nth + (cell * step) });
        if (met) violations.Add("the last attempt still met the fault: many more calls with it than without");
        CompareWithTheKernel(side);
    }

    /// <summary>A single attempt.</summary>
    public void RunOnce(Fault fault)
    {
        LearnFromTheKernel();
        using Side side = MakeSide("ours", 1, (shim.Program, ProgramUnderTest.KernelItself));
        Try(side, FaultScene.Cell(0), fault);
        CompareWithTheKernel(side);
    }

    /// <summary>One attempt. False when there was no call left to fail.</summary>
    private bool Try(Side side, string cell, Fault fault)
    {
        using var session = new Session(side);
        RunAll(tried.Before(cell), session);
        shim.Arm(fault);
        string got = RunOne(tried.Act(cell), session);
        FaultReport report = shim.Disarm();

        string what = $"call {fault.Nth} ({report.Function}, {fault.Error}): ";
        bool succeeded = got == answer;
        if (!succeeded && got != fault.Error.ToString()) violations.Add($"{what}answered {got}, must be {answer} or the error");
        CheckWork(report, what);
        if (!succeeded) CheckOldOrNewState(side, cell, what);
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

    /// <summary>A change that was made before its last step failed may stay, but in full.</summary>
    private void CheckOldOrNewState(Side side, string cell, string what)
    {
        string[] fromOld = [.. Differences(side, cell, old, what)];
        if (fromOld.Length > 0 && Differences(side, cell, changed, what).Any())
            violations.AddRange(fromOld.Select(line => $"{what}neither old nor new: {line}"));
    }

    private void CheckNewState(Side side, Session session, string cell, bool again, string what)
    {
        string got = again ? RunOne(tried.Act(cell), session) : answer;
        if (got != answer) violations.Add($"{what}answered {got}, must be {answer}");
        string[] after = RunAll(tried.After(cell), session);
        if (!after.SequenceEqual(answersAfter))
            violations.Add($"{what}then {string.Join("; ", after)}, must be {string.Join("; ", answersAfter)}");
        violations.AddRange(Differences(side, cell, changed, what).Select(line => $"{what}in the end: {line}"));
    }

    private static IEnumerable<string> Differences(Side side, string cell, TreeSnapshot expected, string what) =>
        expected.Differences(TakeCell(side, cell), "kernel", "ours").Where(line => !IsTraceOfAFailure(line, what));

    /// <summary>
    /// What a failed operation leaves on the kernel's overlayfs too: a directory that was copied up, or emptied of whiteouts, has another
    /// number of links; a hard link is broken; a parent's times are restored as well as can be (ovl_set_timestamps). And of ours: what was
    /// made but cannot be shown is removed again, which the parent's time tells.
    /// </summary>
    private static bool IsTraceOfAFailure(string line, string what) =>
        line.EndsWith("nlink: kernel 2, ours 1", StringComparison.Ordinal)
            || line.EndsWith("nlink: kernel 1, ours 2", StringComparison.Ordinal)
        || line == "hard2: same inode as: kernel hard1, ours -"
        || (what.Contains("(utimensat,", StringComparison.Ordinal) && line.EndsWith("ours of the run", StringComparison.Ordinal))
        || (line.EndsWith(", ours of the run", StringComparison.Ordinal) && line.Split(": ") is ["(root)" or "d" or "bare", "mtime", ..]);

    private static TreeSnapshot TakeCell(Side side, string cell) =>
        TreeSnapshot.Take($"{side.Mountpoint}/{cell}", side.IsKernel ? TreeView.MergedByKernel : TreeView.Merged);

    private void LearnFromTheKernel()
    {
        using Side side = MakeSide("kernel", 1, (ProgramUnderTest.KernelItself, shim.Program));
        string cell = FaultScene.Cell(0);
        RunAll(tried.Before(cell), side.Session);
        old = TakeCell(side, cell);
        answer = RunOne(tried.Act(cell), side.Session);
        answersAfter = RunAll(tried.After(cell), side.Session);
        changed = TakeCell(side, cell);
    }

    private int CountCalls(Fault fault)
    {
        using Side side = MakeSide("counted", 1, (shim.Program, ProgramUnderTest.KernelItself));
        RunAll(tried.Before(FaultScene.Cell(0)), side.Session);
        shim.Arm(fault with { Nth = 0 });
        RunOne(tried.Act(FaultScene.Cell(0)), side.Session);
        return shim.Disarm().Calls;
    }

    private Side MakeSide(string name, int cells, (string Now, string Other) programs)
    {
        Scenario scenario = FaultScene.WithCells(cells);
        Place place = Place.At($"{directory}/{name}");
        return new Side(place, "side", scenario, new LowerLayers(scenario, place), programs);
    }

    private static string[] RunAll(Operation[] operations, Session session) =>
        [.. operations.Select(operation => RunOne(operation, session))];

    /// <summary>Listing a directory throws where other operations answer.</summary>
    private static string RunOne(Operation operation, Session session)
    {
        try
        {
            return operation.Run(session);
        }
        catch (Win32Exception exception)
        {
            return NativeConvert.ToErrno(exception.NativeErrorCode).ToString();
        }
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
