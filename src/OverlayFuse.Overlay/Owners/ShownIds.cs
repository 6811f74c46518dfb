using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// The owners that the mount shows for those on disk: mapped by uidmapping and gidmapping, or one for all files (squash_to_*). A squashed
/// owner is only shown: chown and creation still reach the disk. It never changes.
/// </summary>
internal sealed class ShownIds
{
    private readonly IdMap _uids;
    private readonly IdMap _gids;
    private readonly uint? _squashUid;
    private readonly uint? _squashGid;
    private readonly uint? _strangerUid;
    private readonly uint? _strangerGid;
    private readonly bool _isIdentity;

    private ShownIds() => (_uids, _gids, _isIdentity) = (IdMap.Identity, IdMap.Identity, true);

    private ShownIds(OverlayOptions options)
    {
        _uids = IdMap.Of(options.UidMap);
        _gids = IdMap.Of(options.GidMap);
        (_squashUid, _squashGid) = (options.SquashUid, options.SquashGid);
        (_strangerUid, _strangerGid) = (UserNamespace.StandInOf("uid_map"), UserNamespace.StandInOf("gid_map"));
        _isIdentity = !HasMap && (_squashUid ?? _squashGid ?? _strangerUid ?? _strangerGid) is null;
    }

    /// <summary>Shows all owners as the disk has them.</summary>
    public static ShownIds Identity { get; } = new();

    /// <summary>
    /// Reads the options, and the daemon's user namespace: "nobody" may have no id there (see <see cref="UserNamespace"/>).
    /// </summary>
    public static ShownIds Of(OverlayOptions options) => new(options);

    /// <summary>True if ids are mapped. The ids within xattrs are mapped too then.</summary>
    public bool HasMap => _uids != IdMap.Identity || _gids != IdMap.Identity;

    /// <summary>Owner and mode of a file, with ids as on disk, as the mount shows them.</summary>
    public ShownOwner Show(in Statx stat) =>
        _isIdentity ? new ShownOwner(stat.Uid, stat.Gid, stat.Mode) : new ShownOwner(Uid(stat.Uid), Gid(stat.Gid), Mode(stat));

    public bool TryToShownUid(uint disk, out uint shown) => _uids.TryToShown(disk, out shown);

    public bool TryToShownGid(uint disk, out uint shown) => _gids.TryToShown(disk, out shown);

    public bool TryToDiskUid(uint shown, out uint disk) => _uids.TryToDisk(shown, out disk);

    public bool TryToDiskGid(uint shown, out uint disk) => _gids.TryToDisk(shown, out disk);

    /// <summary>
    /// The owner that a caller's new file gets on disk. The map may leave a caller out, such as the host's root, which prepares the
    /// directories of a container. The files of such a caller belong to "nobody" until they are given away. Container clients rely on that.
    /// </summary>
    public Caller OnDisk(in Caller caller)
    {
        // "nobody" if the map leaves the id out.
        _ = TryToDiskUid(caller.Uid, out uint uid);
        _ = TryToDiskGid(caller.Gid, out uint gid);
        return caller with { Uid = uid, Gid = gid };
    }

    private uint Uid(uint disk)
    {
        if (_squashUid is { } squashed)
            return squashed;
        _ = TryToShownUid(disk, out uint shown);
        return shown == UserNamespace.Overflow ? _strangerUid ?? shown : shown;
    }

    private uint Gid(uint disk)
    {
        if (_squashGid is { } squashed)
            return squashed;
        _ = TryToShownGid(disk, out uint shown);
        return shown == UserNamespace.Overflow ? _strangerGid ?? shown : shown;
    }

    /// <summary>A set-uid program of an owner without a place does not run as the id that stands in for that owner.</summary>
    private ushort Mode(in Statx stat)
    {
        if (stat.IsDirectory)
            return stat.Mode;
        uint setUid = stat.Uid == UserNamespace.Overflow && _strangerUid is not null ? SetIds.SetUid : 0;
        uint setGid = stat.Gid == UserNamespace.Overflow && _strangerGid is not null ? SetIds.SetGid : 0;
        return (ushort)(stat.Mode & ~(setUid | setGid));
    }
}
