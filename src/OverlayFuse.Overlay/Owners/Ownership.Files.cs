using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Owners;

/// <summary>Changes of the files' own attributes, and symbolic links.</summary>
internal abstract partial class Ownership
{
    /// <summary>The target of a symbolic link. A regular file may stand for the link; its content is then the target.</summary>
    public static Errno ReadTarget(Fd directory, Name name, Span<byte> target, out int length)
    {
        Errno error = Sys.ReadLinkAt(directory, name, target, out length);
        // EINVAL: a name that is no link. ENOENT: a descriptor that is no link.
        if (error is not (Errno.EINVAL or Errno.ENOENT))
            return error;
        error = name.Length == 0
            ? Sys.Reopen(directory, OpenFlags.ReadOnly, out Fd opened)
            : Sys.OpenAt(directory, name, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.NonBlock, out opened);
        if (error != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        return Sys.PRead(file, target, 0, out length);
    }

    /// <summary>
    /// The attributes that a new file would have if its maker could create it: set-gid inheritance and default ACL included.
    /// </summary>
    /// <param name="parent">The upper directory.</param>
    /// <param name="creation">The file that the caller asked for.</param>
    /// <param name="mode">The permissions that the caller asked for, after umask or default ACL.</param>
    /// <param name="wanted">The file's own attributes; afterwards those that it should have.</param>
    public Errno Wanted(Fd parent, in Creation creation, uint mode, ref Statx wanted)
    {
        Errno error;
        if ((error = Statx(Limits.NoLayer, parent, Name.Empty, out Statx directory)) != Errno.None)
            return error;
        bool inherits = (directory.Permissions & SetIds.SetGid) != 0;
        // A default ACL may have taken some permissions away.
        if (wanted.Type == creation.Type)
            mode &= wanted.Permissions | ~Permissions.Access;
        if (inherits && creation.IsDirectory)
            mode |= SetIds.SetGid;
        wanted.Uid = creation.Owner.Uid;
        wanted.Gid = inherits ? directory.Gid : creation.Owner.Gid;
        wanted.Mode = (ushort)((uint)creation.Type | (creation.Type == FileType.SymLink ? Permissions.Access : mode));
        if (creation.IsDevice)
            wanted.SetRdev(creation.Rdev);
        return Errno.None;
    }

    /// <summary>
    /// chown(2), then chmod(2): a change of owner clears set-uid and set-gid (notify_change), the new mode may set them again.
    /// </summary>
    protected Errno ChangeFile(in FuseRequest request, Fd directory, Name name, in OwnerChange change)
    {
        Errno error;
        if (change.IsChown && (error = ChOwn(request, directory, name, change)) != Errno.None)
            return error;
        return change.Mode is { } mode ? Sys.FChModAt(directory, name, mode) : Errno.None;
    }

    /// <returns>EOVERFLOW for an id that the daemon's user namespace does not have.</returns>
    protected static Errno ChOwnCopy(Fd work, Name name, in Statx wanted)
    {
        Errno error = Sys.FChownAt(work, name, wanted.Uid, wanted.Gid);
        return error == Errno.EINVAL ? Errno.EOVERFLOW : error;
    }

    protected static Errno ChModCopy(Fd work, Name name, in Statx wanted) =>
        wanted.Type == FileType.SymLink ? Errno.None : Sys.FChModAt(work, name, wanted.Permissions);

    /// <summary>
    /// chown(2) with the result that the caller's own would have. The mounter may do everything, so the kernel leaves it a set-gid that
    /// does not execute.
    /// </summary>
    private Errno ChOwn(in FuseRequest request, Fd directory, Name name, in OwnerChange change)
    {
        Errno error;
        Statx stat = default;
        if (request.Caller.Uid != 0 && (error = Sys.StatxAt(directory, name, out stat)) != Errno.None)
            return error;
        error = Sys.FChownAt(directory, name, change.Uid, change.Gid);
        uint dropped = error != Errno.None || stat.IsDirectory ? 0 : SetIdsToDrop(request, stat);
        return dropped == 0 ? error : Sys.FChModAt(directory, name, stat.Permissions & ~dropped);
    }
}
