using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// Opens the lower layers at mount time. Layers of one mount share a private clone of it: making a clone and closing its descriptor take
/// several times as long as all else that a layer needs. Used by one thread.
/// </summary>
internal sealed class LowerOpener
{
    private readonly OverlayOptions _options;
    private readonly MountClones _clones;

    /// <summary>By mount id: a directory that holds all layers of the mount, and their number.</summary>
    private readonly Dictionary<ulong, (string Above, int Count)> _mounts = [];

    /// <summary>By mount id: the clone, whose root is that directory. None if there is no clone to share.</summary>
    private readonly Dictionary<ulong, Fd> _trees = [];

    /// <summary>Most layers are on the file system of the layer before.</summary>
    private Layer? _last;

    /// <param name="options">What the checks found about each layer is used; a layer that they have not seen is opened alone.</param>
    /// <param name="clones">Takes the descriptors of the clones.</param>
    public LowerOpener(OverlayOptions options, MountClones clones)
    {
        _options = options;
        _clones = clones;
        foreach (LayerSite site in options.Sites.Values)
        {
            bool isKnown = _mounts.TryGetValue(site.MountId, out (string Above, int Count) known);
            _mounts[site.MountId] = isKnown ? (CommonPath.Of(known.Above, site.RealPath), known.Count + 1) : (site.RealPath, 1);
        }
    }

    /// <summary>Opens a layer.</summary>
    /// <exception cref="IOException">It cannot be opened; the text names it.</exception>
    public Layer Open(string path) => _last = TryShared(path, out Fd root, out Statx stat)
        ? Layer.FromRoot(path, root, stat, isClone: true, _last)
        : Layer.Open(path, readOnly: true, _clones, _last);

    /// <summary>Opens a layer through the clone of its mount, and sees that it is the directory that was checked.</summary>
    private bool TryShared(string path, out Fd root, out Statx stat)
    {
        (root, stat) = (Fd.None, default);
        if (!_options.Sites.TryGetValue(path, out LayerSite? site) || _mounts[site.MountId].Count < 2
            || !TryClone(site.MountId, out Fd tree))
            return false;
        Name below = CommonPath.Below(_mounts[site.MountId].Above, site.RealPath);
        if (Sys.OpenAt(tree, below, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow, out root) != Errno.None)
            return false;
        if (Sys.FStatx(root, out stat) == Errno.None && (stat.Dev, stat.Ino) == (site.Dev, site.Ino))
            return true;
        Sys.Close(root);
        return false;
    }

    private bool TryClone(ulong mount, out Fd tree)
    {
        if (!_trees.TryGetValue(mount, out tree))
            _trees[mount] = tree = Clone(mount, _mounts[mount].Above);
        return tree.IsOpen;
    }

    /// <summary>None where a clone cannot be had, or where another mount covers the directory.</summary>
    private Fd Clone(ulong mount, string above)
    {
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From(above), OpenFlags.Path | OpenFlags.Directory, out Fd opened) != Errno.None)
            return Fd.None;
        using var owner = new ScopedFd(opened);
        if (Sys.FStatx(owner, out Statx stat, StatxMask.MountId) != Errno.None || stat.MountId != mount
            || Sys.CloneMount(owner, readOnly: true, out Fd tree) != Errno.None)
            return Fd.None;
        _clones.Add(tree);
        return tree;
    }
}
