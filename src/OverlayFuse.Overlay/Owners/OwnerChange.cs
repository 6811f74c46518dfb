using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Owners;

/// <summary>The change of owner, group and mode that a SETATTR asks for; ids as on disk.</summary>
internal readonly record struct OwnerChange
{
    /// <summary>Leaves an owner or group as it is.</summary>
    public const uint Keep = uint.MaxValue;

    private const SetAttrValid ChangesSomething = SetAttrValid.Mode | SetAttrValid.Uid | SetAttrValid.Gid | SetAttrValid.Size
        | SetAttrValid.Atime | SetAttrValid.Mtime;

    public uint Uid { get; private init; }

    public uint Gid { get; private init; }

    /// <summary>Permission bits; null leaves them as they are.</summary>
    public uint? Mode { get; private init; }

    /// <summary>A chown, even to the owner that the file has: it clears set-uid and set-gid.</summary>
    public bool IsChown { get; private init; }

    public bool IsNothing => !IsChown && Mode is null;

    /// <summary>chown(path, -1, -1): it still clears set-uid and set-gid.</summary>
    public bool IsNothingButChown => IsChown && Mode is null && Uid == Keep && Gid == Keep;

    /// <summary>Reads the change from the request.</summary>
    /// <returns>EOVERFLOW for an owner that has no id on disk (notify_change).</returns>
    public static Errno From(in SetAttrIn input, ShownIds ids, out OwnerChange change)
    {
        SetAttrValid valid = input.Valid;
        bool nothing = (valid & ChangesSomething) == 0;
        uint uid = Keep;
        uint gid = Keep;
        bool known = true;
        if ((valid & SetAttrValid.Uid) != 0)
            known = ids.TryToDiskUid(input.Uid, out uid) && uid != Keep;
        if ((valid & SetAttrValid.Gid) != 0)
            known &= ids.TryToDiskGid(input.Gid, out gid) && gid != Keep;
        change = new OwnerChange
        {
            Uid = uid,
            Gid = gid,
            Mode = (valid & SetAttrValid.Mode) != 0 ? input.Mode & Permissions.All : null,
            IsChown = nothing || (valid & (SetAttrValid.Uid | SetAttrValid.Gid)) != 0,
        };
        return known ? Errno.None : Errno.EOVERFLOW;
    }

    /// <summary>Changes attributes that an xattr keeps.</summary>
    /// <param name="stat">The attributes.</param>
    /// <param name="dropped">The set-uid and set-gid bits that a chown takes from them.</param>
    public void ApplyTo(ref Statx stat, uint dropped)
    {
        uint mode = stat.Permissions;
        if (IsChown)
        {
            stat.Uid = Uid == Keep ? stat.Uid : Uid;
            stat.Gid = Gid == Keep ? stat.Gid : Gid;
            if (!stat.IsDirectory)
                mode &= ~dropped;
        }
        stat.Mode = (ushort)((uint)stat.Type | (Mode ?? mode));
    }
}
