using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// Lower layers on idmapped mounts (mount_setattr(2)) beside uidmapping and gidmapping. containers/storage mounts so for a container with a
/// map of ids: the files of such a layer already have the ids that the options give to those of the upper. Their ids are turned back, so
/// that all layers have ids as on disk. Without a map nothing is turned back.
/// </summary>
internal sealed class IdMappedLayers
{
    private readonly ShownIds _ids;
    private volatile bool[] _isMapped;

    /// <param name="ids">The mappings of the options.</param>
    /// <param name="lowers">The lower layers, by their numbers.</param>
    public IdMappedLayers(ShownIds ids, IEnumerable<Layer> lowers)
    {
        _ids = ids;
        _isMapped = LookAt(lowers);
    }

    /// <summary>Adds a lower layer before lookups see it. It has the next number.</summary>
    public void Add(Layer layer) => _isMapped = [.. _isMapped, .. LookAt([layer])];

    /// <summary>Gives a file's attributes the ids that it has on disk.</summary>
    /// <param name="layer">A lower layer's number, or <see cref="Limits.NoLayer"/>.</param>
    /// <param name="stat">The attributes.</param>
    public void Restore(ushort layer, ref Statx stat)
    {
        bool[] isMapped = _isMapped;
        if (layer >= isMapped.Length || !isMapped[layer])
            return;
        // "nobody" if the map leaves the id out.
        _ = _ids.TryToDiskUid(stat.Uid, out stat.Uid);
        _ = _ids.TryToDiskGid(stat.Gid, out stat.Gid);
    }

    private bool[] LookAt(IEnumerable<Layer> lowers)
    {
        if (!_ids.HasMap)
            return [];
        MountTable mounts = OwnMounts.Read();
        return [.. lowers.Select(layer => IsOnIdMappedMount(layer.Path, mounts))];
    }

    private static bool IsOnIdMappedMount(string path, MountTable mounts)
    {
        // It was open before. An error says that somebody has removed it since.
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path | OpenFlags.Directory, out Fd opened) != Errno.None)
            return false;
        using var directory = new ScopedFd(opened);
        return Sys.FStatx(directory, out Statx stat, StatxMask.MountId) == Errno.None
            && mounts.Find((int)stat.MountId)?.Options.Contains("idmapped") == true;
    }
}
