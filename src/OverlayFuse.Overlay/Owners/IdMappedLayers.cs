using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// Lower layers on idmapped mounts (mount_setattr(2)) beside uidmapping and gidmapping: their files already have the ids that the options give to those of
/// the upper. containers/storage mounts so for a container with a map of ids. They are turned back, so that all layers have ids as on disk.
/// </summary>
internal sealed class IdMappedLayers
{
    private readonly ShownIds _ids;
    private volatile bool[] _isMapped;

    private IdMappedLayers(ShownIds ids, bool[] isMapped)
    {
        _ids = ids;
        _isMapped = isMapped;
    }

    /// <summary>Null where nothing is turned back, in later layers neither.</summary>
    public static IdMappedLayers? Of(LayerStack layers, ShownIds? ids)
    {
        if (ids is not { HasMap: true })
            return null;
        MountTable mounts = OwnMounts.Read();
        return new IdMappedLayers(ids, [.. layers.Lowers.Select(layer => IsOnIdMappedMount(layer.Path, mounts))]);
    }

    /// <summary>One more lower layer, before it is seen; it has the next number.</summary>
    public void Add(Layer layer) => _isMapped = [.. _isMapped, IsOnIdMappedMount(layer.Path, OwnMounts.Read())];

    /// <summary>Gives a file's attributes the ids that it has on disk.</summary>
    /// <param name="layer">Where it is: a lower layer's number, or <c>Limits.NoLayer</c>.</param>
    /// <param name="stat">Its attributes.</param>
    public void Restore(ushort layer, ref Statx stat)
    {
        bool[] isMapped = _isMapped;
        if (layer >= isMapped.Length || !isMapped[layer])
            return;
        _ = _ids.TryToDiskUid(stat.Uid, out stat.Uid); // else UserNamespace.Overflow
        _ = _ids.TryToDiskGid(stat.Gid, out stat.Gid); // likewise
    }

    private static bool IsOnIdMappedMount(string path, MountTable mounts)
    {
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path | OpenFlags.Directory, out Fd opened) != Errno.None)
            return false; // it was opened before: somebody has taken it away since
        using var directory = new ScopedFd(opened);
        return Sys.FStatx(directory, out Statx stat, StatxMask.MountId) == Errno.None && mounts.Find((int)stat.MountId)?.Options.Contains("idmapped") == true;
    }
}
