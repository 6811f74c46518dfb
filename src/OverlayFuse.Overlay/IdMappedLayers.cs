using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Lower layers on idmapped mounts (mount_setattr(2)) beside uidmapping and gidmapping: their files already have the ids that the options give to those of
/// the upper. containers/storage mounts so for a container with a map of ids. They are turned back, so that all layers have ids as on disk.
/// </summary>
internal sealed class IdMappedLayers
{
    private readonly ShownIds _ids;
    private readonly bool[] _isMapped;

    private IdMappedLayers(ShownIds ids, bool[] isMapped)
    {
        _ids = ids;
        _isMapped = isMapped;
    }

    /// <summary>Null where there is nothing to turn back.</summary>
    public static IdMappedLayers? Of(LayerStack layers, ShownIds? ids)
    {
        if (ids is not { HasMap: true })
            return null;
        MountTable mounts = MountTable.Read();
        bool[] isMapped = [.. layers.Lowers.Select(layer => IsOnIdMappedMount(layer.Path, mounts))];
        return isMapped.Contains(true) ? new IdMappedLayers(ids, isMapped) : null;
    }

    /// <summary>Gives a file's attributes the ids that it has on disk.</summary>
    /// <param name="layer">Where it is: a lower layer's number, or <see cref="Inode.NoLayer"/>.</param>
    /// <param name="stat">Its attributes.</param>
    public void Restore(ushort layer, ref Statx stat)
    {
        if (layer >= _isMapped.Length || !_isMapped[layer])
            return;
        _ = _ids.TryToDiskUid(stat.Uid, out stat.Uid); // else IdMap.Overflow
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
