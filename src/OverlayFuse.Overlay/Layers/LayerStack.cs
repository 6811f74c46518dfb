using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// The layers of a mount: at most one upper, and the lower layers, topmost first. They are opened once, before mounting. Lower layers
/// are added under the lock of the live stack; readers see the old list or the new one.
/// </summary>
internal sealed class LayerStack : IDisposable
{
    private volatile Layer[] _lowers;

    private LayerStack(Layer? upper, Layer[] lowers, Layer[] data)
    {
        Upper = upper;
        _lowers = lowers;
        DataLayers = data;
        AreLowersReadOnly = lowers.Concat(data).All(layer => layer.IsClone);
        CloseAtOnce = UpperFirst.All(ClosesAtOnce);
    }

    public Layer? Upper { get; }

    /// <summary>By their numbers: the layers of the mount topmost first, then the layers added later, each above all before it.</summary>
    public IReadOnlyList<Layer> Lowers => _lowers;

    /// <summary>Data-only layers: they show nothing but the data that metacopies point to.</summary>
    public IReadOnlyList<Layer> DataLayers { get; }

    /// <summary>Every file that is opened in a lower layer is on a private read-only mount.</summary>
    public bool AreLowersReadOnly { get; private set; }

    /// <summary>Closing a file of any layer waits for nothing but the disk.</summary>
    public bool CloseAtOnce { get; private set; }

    /// <summary>The upper, the lowers topmost first, the data-only ones.</summary>
    public IEnumerable<Layer> UpperFirst => (Upper is null ? [] : new[] { Upper }).Concat(Lowers).Concat(DataLayers);

    /// <summary>The work directory, on the same mount as the upper; null on a mount without an upper.</summary>
    public Layer? Work { get; private init; }

    /// <summary>The mount clones that are no longer needed. They are closed once the mount is live, or at its end.</summary>
    public MountClones? Clones { get; private init; }

    /// <summary>Opens all layers.</summary>
    /// <exception cref="IOException">One cannot be opened; the text names it.</exception>
    public static LayerStack Open(OverlayOptions options)
    {
        var clones = new MountClones();
        LayerStack? stack = null;
        try
        {
            return stack = Open(options, clones);
        }
        finally
        {
            if (stack is null)
                clones.Dispose();
        }
    }

    /// <summary>One more lower layer.</summary>
    /// <returns>Its number.</returns>
    public ushort Add(Layer layer)
    {
        AreLowersReadOnly &= layer.IsClone;
        CloseAtOnce &= ClosesAtOnce(layer);
        _lowers = [.. _lowers, layer];
        return (ushort)(_lowers.Length - 1);
    }

    public void Dispose()
    {
        Clones?.Dispose();
        Upper?.Root.Release();
        Work?.Root.Release();
        foreach (Layer lower in Lowers.Concat(DataLayers))
            lower.Root.Release();
    }

    /// <summary>In a layer that is no clone there may be mounts of other file systems.</summary>
    private static bool ClosesAtOnce(Layer layer) => layer is { IsClone: true, IsLocal: true };

    private static LayerStack Open(OverlayOptions options, MountClones clones)
    {
        var opener = new LowerOpener(options, clones);
        Layer[] lowers = [.. options.LowerDirs.Select(opener.Open)];
        Layer[] data = [.. options.DataDirs.Select(opener.Open)];
        if (options.UpperDir is null || options.WorkDir is null)
            return new LayerStack(null, lowers, data) { Clones = clones };
        (Layer upper, Layer work) = OpenUpper(
            Path.GetFullPath(options.UpperDir), Path.GetFullPath(options.WorkDir), options.NoAccessTimes, clones);
        return new LayerStack(upper, lowers, data) { Work = work, Clones = clones };
    }

    /// <summary>
    /// Opens upper and work through one mount: rename(2) and link(2) do not cross mounts, not even two clones of one mount. So the
    /// clone is made of the directory that holds both.
    /// </summary>
    private static (Layer Upper, Layer Work) OpenUpper(string upper, string work, bool noAccessTimes, MountClones clones)
    {
        upper = Resolve(upper);
        work = Resolve(work);
        string common = CommonPath.Of(upper, work);
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From(common), OpenFlags.Path | OpenFlags.Directory, out Fd parent) == Errno.None)
        {
            using var owner = new ScopedFd(parent);
            if (IsSameMount(owner, upper) && IsSameMount(owner, work)
                && Sys.CloneMount(owner, readOnly: false, out Fd clone, noAccessTimes) == Errno.None)
            {
                clones.Add(clone);
                return (Layer.FromDirectory(upper, clone, CommonPath.Below(common, upper), isClone: true),
                    Layer.FromDirectory(work, clone, CommonPath.Below(common, work), isClone: true));
            }
        }
        return (Layer.FromDirectory(upper, Fd.WorkingDirectory, Name.From(upper), isClone: false),
            Layer.FromDirectory(work, Fd.WorkingDirectory, Name.From(work), isClone: false));
    }

    /// <summary>Follows symbolic links in the whole path, so that it can be cut at a common parent.</summary>
    private static string Resolve(string path)
    {
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path | OpenFlags.Directory, out Fd opened) != Errno.None)
            return path;
        using var owner = new ScopedFd(opened);
        return TextFile.PathOf(opened, out string real) == Errno.None ? real : path;
    }

    private static bool IsSameMount(Fd parent, string path) =>
        Sys.FStatx(parent, out Statx there, StatxMask.MountId) == Errno.None
        && Sys.StatxAt(Fd.WorkingDirectory, Name.From(path), out Statx here, StatxMask.MountId) == Errno.None
        && there.MountId == here.MountId;
}
