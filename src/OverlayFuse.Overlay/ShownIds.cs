using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Overlay;

/// <summary>
/// Whose the files are in the mount, where that is not what the disk says: mapped by uidmapping and gidmapping, or all of one owner
/// (squash_to_*). A squashed owner is only shown: chown and creation still reach the disk.
/// </summary>
internal sealed class ShownIds
{
    private readonly IdMap? _uids;
    private readonly IdMap? _gids;
    private readonly uint? _squashUid;
    private readonly uint? _squashGid;

    private ShownIds(OverlayOptions options)
    {
        _uids = IdMap.Of(options.UidMap);
        _gids = IdMap.Of(options.GidMap);
        _squashUid = options.SquashUid;
        _squashGid = options.SquashGid;
    }

    /// <summary>Null where all owners are shown as they are.</summary>
    public static ShownIds? Of(OverlayOptions options)
    {
        var ids = new ShownIds(options);
        return ids.HasMap || ids._squashUid is not null || ids._squashGid is not null ? ids : null;
    }

    /// <summary>Ids are mapped, so those within xattrs are too.</summary>
    public bool HasMap => _uids is not null || _gids is not null;

    public uint Uid(uint disk)
    {
        if (_squashUid is { } squashed)
            return squashed;
        return TryToShownUid(disk, out uint shown) ? shown : IdMap.Overflow;
    }

    public uint Gid(uint disk)
    {
        if (_squashGid is { } squashed)
            return squashed;
        return TryToShownGid(disk, out uint shown) ? shown : IdMap.Overflow;
    }

    public bool TryToShownUid(uint disk, out uint shown)
    {
        shown = disk;
        return _uids is null || _uids.TryToShown(disk, out shown);
    }

    public bool TryToShownGid(uint disk, out uint shown)
    {
        shown = disk;
        return _gids is null || _gids.TryToShown(disk, out shown);
    }

    public bool TryToDiskUid(uint shown, out uint disk)
    {
        disk = shown;
        return _uids is null || _uids.TryToDisk(shown, out disk);
    }

    public bool TryToDiskGid(uint shown, out uint disk)
    {
        disk = shown;
        return _gids is null || _gids.TryToDisk(shown, out disk);
    }

    /// <summary>
    /// The owner that a caller's new file gets on disk. Callers whom the map leaves out, such as the host's root who makes ready a
    /// container's directories, own them as "nobody" until they give them away; container clients rely on that.
    /// </summary>
    public Caller OnDisk(in Caller caller)
    {
        _ = TryToDiskUid(caller.Uid, out uint uid); // else IdMap.Overflow
        _ = TryToDiskGid(caller.Gid, out uint gid); // likewise
        return caller with { Uid = uid, Gid = gid };
    }
}
