using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Owners;

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
    private readonly uint? _strangerUid = UserNamespace.StandInOf("uid_map");
    private readonly uint? _strangerGid = UserNamespace.StandInOf("gid_map");

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
        return ids.HasMap || ids._squashUid is not null || ids._squashGid is not null || ids.HasStrangers ? ids : null;
    }

    /// <summary>Ids are mapped, so those within xattrs are too.</summary>
    public bool HasMap => _uids is not null || _gids is not null;

    /// <summary>"nobody" itself has no id in the daemon's user namespace: see <see cref="UserNamespace"/>.</summary>
    private bool HasStrangers => _strangerUid is not null || _strangerGid is not null;

    public uint Uid(uint disk)
    {
        if (_squashUid is { } squashed)
            return squashed;
        uint shown = TryToShownUid(disk, out uint mapped) ? mapped : UserNamespace.Overflow;
        return shown == UserNamespace.Overflow ? _strangerUid ?? shown : shown;
    }

    public uint Gid(uint disk)
    {
        if (_squashGid is { } squashed)
            return squashed;
        uint shown = TryToShownGid(disk, out uint mapped) ? mapped : UserNamespace.Overflow;
        return shown == UserNamespace.Overflow ? _strangerGid ?? shown : shown;
    }

    /// <summary>A mode as the mount shows it: a program of a stranger's does not run as the one who stands in.</summary>
    public ushort Mode(in Statx stat)
    {
        uint dropped = stat.IsDirectory ? 0
            : (stat.Uid == UserNamespace.Overflow && _strangerUid is not null ? SetIds.SetUid : 0) | (stat.Gid == UserNamespace.Overflow && _strangerGid is not null ? SetIds.SetGid : 0);
        return (ushort)(stat.Mode & ~dropped);
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
        _ = TryToDiskUid(caller.Uid, out uint uid); // else UserNamespace.Overflow
        _ = TryToDiskGid(caller.Gid, out uint gid); // likewise
        return caller with { Uid = uid, Gid = gid };
    }
}
