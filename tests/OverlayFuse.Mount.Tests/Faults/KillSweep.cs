using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>
/// One operation, done on fresh layers again and again, while the daemon is killed before its first, second, third ... system call. The
/// next mount shows the old state or the new one in full, and removes what was begun. The kernel's overlayfs then shows the same.
/// </summary>
internal sealed class KillSweep(FaultCase tried, FaultShim shim, string directory)
{
    private readonly List<string> violations = [];
    private readonly FaultLesson lesson = new(tried, shim, directory);

    /// <summary>What was not as it must be; empty when all went well.</summary>
    public IReadOnlyList<string> Violations => violations;

    /// <summary>How many times the daemon was killed.</summary>
    public int Killed { get; private set; }

    /// <param name="first">The call before which the daemon is killed first.</param>
    /// <param name="step">Then before every so-manieth call after it.</param>
    public void Run(int first, int step)
    {
        lesson.Learn();
        for (int call = first; KillBefore(call); call += step)
            Killed++;
    }

    /// <summary>False when there was no such call.</summary>
    private bool KillBefore(int call)
    {
        using Side side = lesson.MakeSide($"killed{call}", 1, (shim.Program, ProgramUnderTest.KernelItself));
        string cell = FaultScene.Cell(0);
        FaultLesson.RunAll(tried.Before(cell), side.Session);
        shim.Arm(new Fault(call));
        _ = FaultLesson.RunOne(tried.Act(cell), side.Session);
        FaultReport report = shim.Disarm();
        if (report.Failed == 0)
            return false;
        string what = $"killed before call {call} ({report.Function}, killed): ";
        side.Remount(switchImplementation: false);
        violations.AddRange(lesson.NeitherOldNor(lesson.Done, side, cell, what));
        CheckTheKernelSeesTheSame(side, what);
        return true;
    }

    private void CheckTheKernelSeesTheSame(Side side, string what)
    {
        TreeSnapshot ours = side.Merged();
        _ = side.UnmountedUpper();
        side.Remount(switchImplementation: true);
        violations.AddRange(side.Merged().Differences(ours, "kernel", "ours").Select(line => $"{what}remounted by the kernel: {line}"));
        _ = side.UnmountedUpper();
        violations.AddRange(side.BrokenPromises().Select(line => what + line));
    }
}
