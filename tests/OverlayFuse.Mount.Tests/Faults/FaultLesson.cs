using System.ComponentModel;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>What the kernel's overlayfs answers to one operation, and what it leaves on the same layers.</summary>
internal sealed class FaultLesson(FaultCase tried, FaultShim shim, string directory)
{
    public string Answer { get; private set; } = "";

    public string[] AnswersAfter { get; private set; } = [];

    /// <summary>A cell before the operation.</summary>
    public TreeSnapshot Old { get; private set; } = null!;

    /// <summary>A cell after it, before anything else is asked.</summary>
    public TreeSnapshot Done { get; private set; } = null!;

    /// <summary>A cell in the end.</summary>
    public TreeSnapshot Changed { get; private set; } = null!;

    public void Learn()
    {
        using Side side = MakeSide("kernel", 1, (ProgramUnderTest.KernelItself, shim.Program));
        string cell = FaultScene.Cell(0);
        RunAll(tried.Before(cell), side.Session);
        Old = TakeCell(side, cell);
        Answer = RunOne(tried.Act(cell), side.Session);
        Done = TakeCell(side, cell);
        AnswersAfter = RunAll(tried.After(cell), side.Session);
        Changed = TakeCell(side, cell);
    }

    /// <summary>A change that was made before its last step failed may stay, but in full. Empty if that is so.</summary>
    public string[] NeitherOldNor(TreeSnapshot made, Side side, string cell, string what)
    {
        string[] fromOld = [.. Differences(side, cell, Old, what)];
        return fromOld.Length > 0 && Differences(side, cell, made, what).Any()
            ? [.. fromOld.Select(line => $"{what}neither old nor new: {line}")] : [];
    }

    public static IEnumerable<string> Differences(Side side, string cell, TreeSnapshot expected, string what) =>
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

    public Side MakeSide(string name, int cells, (string Now, string Other) programs)
    {
        Scenario scenario = FaultScene.WithCells(cells);
        Place place = Place.At($"{directory}/{name}");
        return new Side(place, "side", scenario, new LowerLayers(scenario, place), programs);
    }

    public static string[] RunAll(Operation[] operations, Session session) =>
        [.. operations.Select(operation => RunOne(operation, session))];

    /// <summary>Listing a directory throws where other operations answer.</summary>
    public static string RunOne(Operation operation, Session session)
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
}
