using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>A scenario's layers with an upper of its own, mounted by one implementation (and, after SwitchSides, by the other).</summary>
internal sealed class Side : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string directory;
    private readonly LowerLayers layers;
    private readonly List<(string Writer, TreeSnapshot Upper)> rotated = [];
    private readonly List<TreeSnapshot> rotatedUntouched = [];
    private OverlayOptions options;
    private string program, otherProgram;
    private OverlayMount mount;

    /// <param name="place">Where the layers are made.</param>
    /// <param name="name">Of this side's directory there.</param>
    /// <param name="scenario">What is made.</param>
    /// <param name="layers">Lower ones, of this side alone or of both.</param>
    /// <param name="programs">Who mounts it now, and who after a switch.</param>
    public Side(Place place, string name, Scenario scenario, LowerLayers layers, (string Now, string Other) programs)
    {
        (program, otherProgram) = programs;
        (Scenario, this.layers) = (scenario, layers);
        directory = place.On(scenario.Upper.FileSystem) + "/" + name;
        Mountpoint = directory + "/m";
        Directory.CreateDirectory(directory + "/w");
        options = new OverlayOptions(layers.Lowers, directory + "/u", directory + "/w") { Data = layers.Data, Io = scenario.Io };
        LayerBuilder.Build(scenario.Upper, options.Upper!);
        if (scenario.Upper.Entries.Count > 0 && !scenario.ForeignUpper) ShowToKernel();
        mount = Mount();
        Session = new Session(this);
    }

    public Scenario Scenario { get; }

    public string Mountpoint { get; }

    public string Name => mount.Name;

    public bool IsKernel => mount is KernelOverlay;

    public Session Session { get; }

    public Ownership Owners { get; private set; } = null!;

    /// <summary>The uppers that became lower layers, as they were left, and who wrote them last.</summary>
    public IReadOnlyList<(string Writer, TreeSnapshot Upper)> Rotated => rotated;

    public void Remount(bool switchImplementation)
    {
        Session.CloseAll();
        mount.Unmount();
        if (switchImplementation) (program, otherProgram) = (otherProgram, program);
        mount = Mount();
    }

    /// <summary>The upper becomes the topmost lower layer, and there is a new one.</summary>
    public void Rotate()
    {
        rotated.Add((Name, UnmountedUpper()));
        rotatedUntouched.Add(LowerLayers.Take(options.Upper!));
        string number = rotated.Count.ToString(CultureInfo.InvariantCulture);
        options = options with
        {
            Lowers = [options.Upper!, .. options.Lowers],
            Upper = $"{directory}/u{number}",
            Work = $"{directory}/w{number}"
        };
        LayerBuilder.Build(new Layer(), options.Upper);
        Directory.CreateDirectory(options.Work);
        mount = Mount();
    }

    public TreeSnapshot Merged()
    {
        TreeSnapshot tree = TreeSnapshot.Take(Mountpoint, IsKernel ? TreeView.MergedByKernel : TreeView.Merged);
        Owners.Rewrite(tree);
        return tree;
    }

    /// <summary>Unmounts and looks at the upper on its disk.</summary>
    public TreeSnapshot UnmountedUpper()
    {
        Session.CloseAll();
        mount.Unmount();
        return TreeSnapshot.Take(options.Upper!, TreeView.OnDisk);
    }

    /// <summary>
    /// What must hold on any side by itself: lower layers as they were, nothing but whiteouts kept in the work directory.
    /// </summary>
    public IEnumerable<string> BrokenPromises()
    {
        foreach (string line in layers.Changes()) yield return $"{Name}: {line}";
        for (int i = 0; i < rotated.Count; i++)
            foreach (string line in LowerLayers.Changes(rotatedUntouched[i], options.Lowers[rotated.Count - 1 - i]))
                yield return $"{Name}: once the upper, {line}";
        foreach ((string path, TreeEntry entry) in TreeSnapshot.Take(options.Work! + "/work", TreeView.OnDisk).Entries)
            if (path.Length > 0 && !entry.IsWhiteout && !path.StartsWith("incompat", StringComparison.Ordinal))
                yield return $"{Name}: left in the work directory: {path} ({entry.Type})";
    }

    /// <summary>What the index of hard links holds.</summary>
    public IReadOnlyList<string> Index() =>
        Directory.Exists(options.Work! + "/index") ? Directory.GetFileSystemEntries(options.Work! + "/index") : [];

    public void Dispose()
    {
        Session.Dispose();
        mount.Dispose();
    }

    private void ShowToKernel()
    {
        using OverlayMount kernel = KernelOverlay.Mount(options with { Extra = Ownership.WithoutOurs(Scenario.Options) }, Mountpoint);
        TreeSnapshot.Take(Mountpoint, TreeView.Merged);
        kernel.Unmount();
    }

    private OverlayMount Mount()
    {
        bool isKernel = program == ProgramUnderTest.KernelItself;
        Owners = Ownership.Of(Scenario.Options, isKernel);
        ForgetVolatile();
        string extra = isKernel ? Ownership.WithoutOurs(Scenario.Options) : Scenario.Options;
        OverlayMount mounted = ProgramUnderTest.Mount(program, options with { Extra = extra }, Mountpoint);
        if (mounted is FuseOverlay fuse) fuse.AbortAfter(Patience);
        return mounted;
    }

    /// <summary>
    /// After a volatile mount, the mark that nobody may mount the upper again: removed by hand, as the kernel's documentation says.
    /// </summary>
    private void ForgetVolatile()
    {
        string mark = options.Work! + "/work/incompat";
        if (Directory.Exists(mark)) Directory.Delete(mark, recursive: true);
    }
}
