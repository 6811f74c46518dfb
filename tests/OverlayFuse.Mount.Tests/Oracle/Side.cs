using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>One of the two copies of a scenario's layers, mounted by one implementation (and, after SwitchSides, by the other).</summary>
internal sealed class Side : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly OverlayOptions options;
    private readonly List<TreeSnapshot> lowersBefore;
    private string program, otherProgram;
    private OverlayMount mount;

    public Side(string directory, Scenario scenario, string program, string otherProgram)
    {
        (this.program, this.otherProgram) = (program, otherProgram);
        Mountpoint = directory + "/m";
        options = Build(directory, scenario);
        if (scenario.Upper.Entries.Count > 0 && !scenario.ForeignUpper) ShowToKernel();
        lowersBefore = [.. options.Lowers.Select(lower => TreeSnapshot.Take(lower, TreeView.Untouched))];
        mount = Mount();
        Session = new Session(this);
    }

    public string Mountpoint { get; }

    public string Name => mount.Name;

    public bool IsKernel => mount is KernelOverlay;

    public Session Session { get; }

    public void Remount(bool switchImplementation)
    {
        Session.CloseAll();
        mount.Unmount();
        if (switchImplementation) (program, otherProgram) = (otherProgram, program);
        mount = Mount();
    }

    public TreeSnapshot Merged() => TreeSnapshot.Take(Mountpoint, IsKernel ? TreeView.MergedByKernel : TreeView.Merged);

    /// <summary>Unmounts and looks at the upper on its disk.</summary>
    public TreeSnapshot UnmountedUpper()
    {
        Session.CloseAll();
        mount.Unmount();
        return TreeSnapshot.Take(options.Upper!, TreeView.OnDisk);
    }

    /// <summary>What must hold on any side by itself: lower layers as they were, nothing but whiteouts kept in the work directory.</summary>
    public IEnumerable<string> BrokenPromises()
    {
        for (int i = 0; i < options.Lowers.Count; i++)
            foreach (string line in lowersBefore[i].Differences(TreeSnapshot.Take(options.Lowers[i], TreeView.Untouched), "before", "after"))
                yield return $"{Name}: lower layer {i} was changed: {line}";
        foreach ((string path, TreeEntry entry) in TreeSnapshot.Take(options.Work! + "/work", TreeView.OnDisk).Entries)
            if (path.Length > 0 && !entry.IsWhiteout)
                yield return $"{Name}: left in the work directory: {path} ({entry.Type})";
    }

    /// <summary>What the index of hard links holds.</summary>
    public IReadOnlyList<string> Index() => Directory.Exists(options.Work! + "/index") ? Directory.GetFileSystemEntries(options.Work! + "/index") : [];

    public void Dispose()
    {
        Session.Dispose();
        mount.Dispose();
    }

    private void ShowToKernel()
    {
        using OverlayMount kernel = KernelOverlay.Mount(options, Mountpoint);
        TreeSnapshot.Take(Mountpoint, TreeView.Merged);
        kernel.Unmount();
    }

    private OverlayMount Mount()
    {
        OverlayMount mounted = ProgramUnderTest.Mount(program, options, Mountpoint);
        if (mounted is FuseOverlay fuse) fuse.AbortAfter(Patience);
        return mounted;
    }

    private static OverlayOptions Build(string directory, Scenario scenario)
    {
        Directory.CreateDirectory(directory);
        var lowers = new List<string>();
        foreach (Layer lower in scenario.Lowers)
        {
            lowers.Add(directory + "/" + lowers.Count.ToString(CultureInfo.InvariantCulture));
            LayerBuilder.Build(lower, lowers[^1]);
        }
        LayerBuilder.Build(scenario.Upper, directory + "/u");
        Directory.CreateDirectory(directory + "/w");
        var data = new List<string>();
        foreach (Layer layer in scenario.Data)
        {
            data.Add(directory + "/data" + data.Count.ToString(CultureInfo.InvariantCulture));
            LayerBuilder.Build(layer, data[^1]);
        }
        return new OverlayOptions(lowers, directory + "/u", directory + "/w", scenario.Options) { Data = data, Io = scenario.Io };
    }
}
