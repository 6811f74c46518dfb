using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Hostile;

/// <summary>
/// One stack mounted by the kernel and by ours: what is seen, what changes answer, what is seen then, and what the kernel makes of both
/// uppers.
/// </summary>
internal sealed class HostileComparison
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly HostileStack stack;
    private readonly List<string> lowers = [], data = [];
    private readonly string place, program;

    private HostileComparison(HostileStack stack, Place place, string program)
    {
        (this.stack, this.program) = (stack, program);
        this.place = place.On("");
    }

    /// <summary>What differs, less what <see cref="HostileDifferences"/> knows.</summary>
    public static IReadOnlyList<string> Run(HostileStack stack, Place place, string program) =>
        HostileDifferences.LeaveOutKnown(stack, new HostileComparison(stack, place, program).Compare());

    private List<string> Compare()
    {
        for (int i = 0; i < stack.Lowers.Count; i++) lowers.Add(Build(stack.Lowers[i], "l" + i));
        for (int i = 0; i < stack.Data.Count; i++) data.Add(Build(stack.Data[i], "d" + i));
        OverlayOptions theirs = Options("k"), ours = Options("o");
        using OverlayMount? kernel = Mount(ProgramUnderTest.KernelItself, theirs, "k", out string refusal);
        using OverlayMount? actual = Mount(program, ours, "o", out string refused);
        if (kernel is null || actual is null)
            return kernel is null == actual is null ? []
                : [$"mount: kernel {(kernel is null ? refusal : "ok")}, ours {(actual is null ? refused : "ok")}"];
        var differences = new List<string>();
        differences.AddRange(View(kernel).Differences(View(actual), "first"));
        foreach (HostileChange change in stack.Changes)
        {
            string want = change.Run(kernel.Mountpoint), got = change.Run(actual.Mountpoint);
            if (want == got) continue;
            differences.Add($"change: {change}: kernel {want}, ours {got}");
            return differences; // the two uppers are not the same from there on
        }
        if (differences.Count > 0) return differences;
        differences.AddRange(View(kernel).Differences(View(actual), "changed"));
        kernel.Unmount();
        actual.Unmount();
        if (differences.Count == 0 && stack.Upper is not null) differences.AddRange(CompareUppers(theirs, ours));
        return differences;
    }

    private IEnumerable<string> CompareUppers(OverlayOptions theirs, OverlayOptions ours)
    {
        using OverlayMount? first = Mount(ProgramUnderTest.KernelItself, theirs, "k", out string refusal);
        using OverlayMount? second = Mount(ProgramUnderTest.KernelItself, ours, "o", out string refused);
        return first is null || second is null
            ? refusal == refused ? [] : [$"again: kernel {refusal}, ours {refused}"]
            : [.. View(first).Differences(View(second), "again")];
    }

    private HostileView View(OverlayMount mount) => HostileView.Take(mount.Mountpoint, stack.LooksBeforeListing);

    private string Build(Layer layer, string name)
    {
        LayerBuilder.Build(layer, $"{place}/{name}");
        return $"{place}/{name}";
    }

    private OverlayOptions Options(string side)
    {
        string? upper = stack.Upper is null ? null : Build(stack.Upper, side + "u");
        if (upper is not null) Directory.CreateDirectory($"{place}/{side}w");
        return new OverlayOptions(lowers, upper, upper is null ? null : $"{place}/{side}w", stack.Options) { Data = data };
    }

    private OverlayMount? Mount(string by, OverlayOptions options, string side, out string refusal)
    {
        refusal = "";
        try
        {
            OverlayMount mount = ProgramUnderTest.Mount(by, options, $"{place}/{side}m");
            if (mount is FuseOverlay fuse) fuse.AbortAfter(Patience);
            return mount;
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception or IOException)
        {
            refusal = exception.Message;
            return null;
        }
    }
}
