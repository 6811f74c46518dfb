using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Owners;

/// <summary>Gives files owners and modes: by their own attributes, by an xattr, or by a regular file that stands for what they are.</summary>
internal sealed partial class Ownership
{
    /// <summary>chown and chmod of an upper file; under the lock of its name.</summary>
    /// <param name="request">The caller.</param>
    /// <param name="directory">The directory that holds it.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="change">The change.</param>
    /// <param name="refused">If <see cref="Substitution.IsPossible"/>: what to do when the result is EPERM.</param>
    public Errno Change(in FuseRequest request, Fd directory, Name name, in OwnerChange change, out Substitution refused)
    {
        refused = default;
        if (_overrides is null || change.IsNothing)
            return ChangeFile(request, directory, name, change);
        if (Sys.StatxAt(directory, name, out Statx own) is not Errno.None and var error)
            return error;
        Statx shown = own;
        if (_overrides.Apply(Limits.NoLayer, directory, name, ref shown, out bool isKept) is not Errno.None and var unread)
            return unread;
        if (!_overrides.IsAlways && !isKept)
        {
            error = ChangeFile(request, directory, name, change);
            if (error != Errno.EPERM || !change.IsChown)
                return error;
        }
        if (change.IsChown)
            DropEscapedCapability(directory, name);
        change.ApplyTo(ref shown, change.IsChown ? SetIdsToDrop(request, shown) : 0);
        error = Settle(directory, name, own, shown);
        if (error == Errno.EPERM && MaySubstitute(own, name))
            refused = new Substitution { IsPossible = true, Own = own, Wanted = shown };
        return error;
    }

    /// <summary>Puts the regular file that stands for a file in its place. Under the lock of the names.</summary>
    /// <param name="directory">The directory that holds it.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="refused">Of <see cref="Change"/>.</param>
    /// <param name="ino">The new inode number.</param>
    public Errno Substitute(Fd directory, Name name, in Substitution refused, out ulong ino)
    {
        ino = 0;
        if (ReplaceBySubstitute(directory, name, refused.Own, refused.Wanted) is not Errno.None and var error)
            return error;
        error = Sys.StatxAt(directory, name, out Statx substitute, StatxMask.Ino);
        ino = substitute.Ino;
        return error;
    }

    /// <summary>chown before chmod: changing the owner clears set-uid and set-gid (notify_change), the new mode may set them again.</summary>
    private Errno ChangeFile(in FuseRequest request, Fd directory, Name name, in OwnerChange change)
    {
        if (change.IsChown && ChOwn(request, directory, name, change) is not Errno.None and var error)
            return error;
        return change.Mode is { } mode ? Sys.FChModAt(directory, name, mode) : Errno.None;
    }

    /// <summary>chown(2) as the caller's: the kernel keeps a set-gid that does not execute for the mounter, who may do everything.</summary>
    private Errno ChOwn(in FuseRequest request, Fd directory, Name name, in OwnerChange change)
    {
        Statx stat = default;
        if (request.Caller.Uid != 0
            && Sys.StatxAt(directory, name, out stat) is not Errno.None and var error)
            return error;
        Errno refused = Sys.FChownAt(directory, name, change.Uid, change.Gid);
        uint dropped = refused != Errno.None || stat.IsDirectory ? 0 : SetIdsToDrop(request, stat);
        return dropped == 0 ? refused : Sys.FChModAt(directory, name, stat.Permissions & ~dropped);
    }

    /// <summary>Makes it, or for a device that we may not make, the regular file that stands for it.</summary>
    public Errno Make(in Creation creation, Fd directory, Name name, uint mode, out Fd opened)
    {
        Errno error = creation.MakeAt(directory, name, mode, out opened);
        bool substitutes = error == Errno.EPERM && _overrides is not null && creation.IsDevice;
        return substitutes ? MakeSubstitute(directory, name, default) : error;
    }

    /// <summary>Makes a file in the upper or in work show what is wanted: by the xattr where it can have it, else by its own attributes.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="name">The file.</param>
    /// <param name="own">Its own attributes.</param>
    /// <param name="wanted">What is to be shown.</param>
    /// <returns>EPERM where neither can be done: see <see cref="ReplaceBySubstitute"/>.</returns>
    private Errno Settle(Fd directory, Name name, in Statx own, in Statx wanted)
    {
        if (_overrides!.CanCarry(own.Type))
            return _overrides.Write(directory, name, wanted);
        if (own.Uid != wanted.Uid || own.Gid != wanted.Gid)
        {
            if (Sys.FChownAt(directory, name, wanted.Uid, wanted.Gid) is not Errno.None and var error)
                return error;
        }
        return own.Type == FileType.SymLink || own.Permissions == wanted.Permissions
            ? Errno.None
            : Sys.FChModAt(directory, name, wanted.Permissions);
    }

    /// <summary>
    /// Symbolic links, fifos and sockets take no xattr user.*: one whose owner must be kept is replaced by a regular file, with the link's
    /// target in it, that is shown as what it was.
    /// </summary>
    /// <returns>EPERM for one of several links: the others would stay what they are.</returns>
    private Errno ReplaceBySubstitute(Fd directory, Name name, in Statx own, in Statx wanted)
    {
        if (own.Nlink > 1)
            return Errno.EPERM;
        var entry = new WorkEntry(Work!);
        try
        {
            if (MakeSubstitute(directory, name, own, entry) is not Errno.None and var error)
                return error;
            if (_overrides!.Write(entry.Directory, entry.Name, wanted) is not Errno.None and var refused)
                return refused;
            if (Sys.UTimeNsAt(entry.Directory, entry.Name, own.Atime.ToTimeSpec(), own.Mtime.ToTimeSpec()) is not Errno.None and var late)
                return late;
            return entry.MoveTo(directory, name);
        }
        finally
        {
            entry.Dispose();
        }
    }

    private static Errno MakeSubstitute(Fd directory, Name name, in Statx own, in WorkEntry entry)
    {
        Span<byte> target = stackalloc byte[Limits.PathMax];
        int length = 0;
        if (own.Type == FileType.SymLink && Sys.ReadLinkAt(directory, name, target, out length) is not Errno.None and var error)
            return error;
        return MakeSubstitute(entry.Directory, entry.Name, target[..length]);
    }

    /// <summary>Makes the regular file that stands for a device, fifo, socket or symbolic link.</summary>
    private static Errno MakeSubstitute(Fd directory, Name name, ReadOnlySpan<byte> content)
    {
        const OpenFlags flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
        if (Sys.OpenAt(directory, name, flags, out Fd made, Permissions.OwnerReadWrite) is not Errno.None and var error)
            return error;
        using var file = new ScopedFd(made);
        if (content.IsEmpty)
            return Errno.None;
        error = Sys.PWrite(file, content, 0, out int written);
        return error == Errno.None && written < content.Length ? Errno.ENOSPC : error;
    }

    /// <summary>Makes the copy of a device, fifo or socket: itself, or what stands for it.</summary>
    public Errno MakeNode(Fd directory, Name name, in Statx stat)
    {
        Errno error = Sys.MkNodAt(directory, name, stat.Mode, stat.Rdev);
        return error == Errno.EPERM && _overrides is not null ? MakeSubstitute(directory, name, default) : error;
    }

    /// <summary>Gives a copy in work the owner and mode that it cannot have itself.</summary>
    public Errno SettleCopy(Fd work, Name name, in Statx wanted)
    {
        if (Sys.StatxAt(work, name, out Statx own) is not Errno.None and var error)
            return error;
        error = Settle(work, name, own, wanted);
        return error == Errno.EPERM && MaySubstitute(own, name) ? ReplaceBySubstitute(work, name, own, wanted) : error;
    }

    /// <summary>The target of a symbolic link, also of one for which a regular file stands.</summary>
    public static Errno ReadTarget(Fd directory, Name name, Span<byte> target, out int length)
    {
        Errno error = Sys.ReadLinkAt(directory, name, target, out length);
        if (error is not (Errno.EINVAL or Errno.ENOENT)) // ENOENT: the descriptor of what is no link
            return error;
        error = name.Length == 0
            ? Sys.Reopen(directory, OpenFlags.ReadOnly, out Fd opened)
            : Sys.OpenAt(directory, name, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.NonBlock, out opened);
        if (error != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        return Sys.PRead(file, target, 0, out length);
    }

    /// <summary>Whether a regular file could show what this one cannot.</summary>
    private bool MaySubstitute(in Statx own, Name name) => name.Length > 0 && !_overrides!.CanCarry(own.Type);

    /// <summary>Gives a new file, under the lock of its name, the owner and mode that its own attributes do not say.</summary>
    /// <param name="directory">The upper directory where it was made; or the open file, if it has no name.</param>
    /// <param name="name">Its name, or the empty name.</param>
    /// <param name="creation">What was asked for.</param>
    /// <param name="wanted">Of <see cref="Wanted"/>.</param>
    /// <param name="own">Its own attributes; what is to be shown afterwards.</param>
    public Errno SettleNew(Fd directory, Name name, in Creation creation, in Statx wanted, ref Statx own)
    {
        if (IsOwnersFile(creation, own))
            return Errno.None;
        Errno error = Settle(directory, name, own, wanted);
        if (error == Errno.EPERM && MaySubstitute(own, name))
        {
            error = ReplaceBySubstitute(directory, name, own, wanted);
            if (error == Errno.None)
                error = Sys.StatxAt(directory, name, out own);
        }
        own.CopyOwnership(wanted);
        return error;
    }

    /// <summary>An ordinary user's own new file, in an upper where nothing was kept elsewhere so far; or no layer keeps owners elsewhere.</summary>
    public bool IsOwnersFile(in Creation creation, in Statx own) =>
        _overrides is null
        || (!_overrides.MayStandForOthers(Limits.NoLayer)
            && own.Type == creation.Type && own.Uid == creation.Owner.Uid && own.Gid == creation.Owner.Gid);

    /// <summary>What a new file would be like if its maker could make it: set-gid inheritance and default ACL included.</summary>
    /// <param name="parent">The upper directory.</param>
    /// <param name="creation">What was asked for.</param>
    /// <param name="mode">Permissions asked for, after umask or default ACL.</param>
    /// <param name="wanted">The file's own attributes; those that it should have.</param>
    public Errno Wanted(Fd parent, in Creation creation, uint mode, ref Statx wanted)
    {
        if (Statx(Limits.NoLayer, parent, Name.Empty, out Statx directory) is not Errno.None and var error)
            return error;
        bool inherits = (directory.Permissions & SetIds.SetGid) != 0;
        if (wanted.Type == creation.Type)
            mode &= wanted.Permissions | ~Permissions.Access; // a default ACL took some away
        if (inherits && creation.IsDirectory)
            mode |= SetIds.SetGid;
        wanted.Uid = creation.Owner.Uid;
        wanted.Gid = inherits ? directory.Gid : creation.Owner.Gid;
        wanted.Mode = (ushort)((uint)creation.Type | (creation.Type == FileType.SymLink ? Permissions.Access : mode));
        if (creation.IsDevice)
            wanted.SetRdev(creation.Rdev);
        return Errno.None;
    }

    /// <summary>What a write or a truncation takes from the shown mode.</summary>
    private Errno DropShownSetIds(in FuseRequest request, Fd file)
    {
        if (Sys.FStatx(file, out Statx own) is not Errno.None and var error)
            return error;
        Statx shown = own;
        if (_overrides!.Apply(Limits.NoLayer, file, Name.Empty, ref shown, out bool isKept) is not Errno.None and var unread)
            return unread;
        uint dropped = SetIdsToDrop(request, shown);
        if (dropped == 0)
            return Errno.None;
        shown.Mode = (ushort)(shown.Mode & ~dropped);
        return isKept ? Settle(file, Name.Empty, own, shown) : Sys.FChModAt(file, Name.Empty, shown.Permissions);
    }

    /// <summary>True if the copy of a file keeps owner and mode in an xattr: all do, or the copy only stands for a device.</summary>
    public bool KeepsOwnerOf(in Statx stat, Fd copyDirectory, Name copy) =>
        _overrides is not null
        && (_overrides.IsAlways
            || (stat.Type is FileType.CharacterDevice or FileType.BlockDevice
                && !(Sys.StatxAt(copyDirectory, copy, out Statx made, StatxMask.Type) == Errno.None && made.Type == stat.Type)));
}
