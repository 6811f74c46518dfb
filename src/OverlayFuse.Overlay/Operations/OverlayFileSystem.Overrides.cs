using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>Owners, modes and types in the upper that its files cannot have: see <see cref="StatOverrides"/>.</summary>
public sealed partial class OverlayFileSystem
{
    private const uint PermissionBits = 0x1FF;

    /// <summary>Longest target of a symbolic link, without a NUL.</summary>
    private const int PathMax = 4095;

    private readonly StatOverrides? _overrides;

    internal StatOverrides? Overrides => _overrides;

    /// <summary>chown and chmod of an upper file; under the lock of its name.</summary>
    private Errno ChangeOwner(in FuseRequest request, Inode inode, in RealName real, in OwnerChange change)
    {
        if (_overrides is null || change.IsNothing)
            return ChangeFile(request, real, change);
        if (Sys.StatxAt(real.Directory, real.Name, out Statx own) is not Errno.None and var error)
            return error;
        Statx shown = own;
        if (_overrides.Apply(Inode.NoLayer, real.Directory, real.Name, ref shown, out bool isKept) is not Errno.None and var unread)
            return unread;
        if (!_overrides.IsAlways && !isKept)
        {
            error = ChangeFile(request, real, change);
            if (error != Errno.EPERM || !change.IsChown)
                return error;
        }
        if (change.IsChown)
            DropEscapedCapability(real.Directory, real.Name);
        change.ApplyTo(ref shown, change.IsChown ? SetIdsToDrop(request, shown) : 0);
        return Settle(inode, real, own, shown);
    }

    private Errno Settle(Inode inode, in RealName real, in Statx own, in Statx wanted)
    {
        Errno error = Settle(real.Directory, real.Name, own, wanted);
        if (error != Errno.EPERM || inode.Place is not { } place || !MaySubstitute(own, real.Name))
            return error;
        using (new NamesChange(place.Parent))
        {
            if (ReplaceBySubstitute(real.Directory, real.Name, own, wanted) is not Errno.None and var refused)
                return refused;
            if (Sys.StatxAt(real.Directory, real.Name, out Statx substitute, StatxMask.Ino) is not Errno.None and var lost)
                return lost;
            _inodes.SetUpper(inode, substitute.Ino);
            return Errno.None;
        }
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
        var entry = new WorkEntry(_work!);
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
        Span<byte> target = stackalloc byte[PathMax];
        int length = 0;
        if (own.Type == FileType.SymLink && Sys.ReadLinkAt(directory, name, target, out length) is not Errno.None and var error)
            return error;
        return MakeSubstitute(entry.Directory, entry.Name, target[..length]);
    }

    /// <summary>Makes the regular file that stands for a device, fifo, socket or symbolic link.</summary>
    internal static Errno MakeSubstitute(Fd directory, Name name, ReadOnlySpan<byte> content)
    {
        const OpenFlags flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
        if (Sys.OpenAt(directory, name, flags, out Fd made, 0x180) is not Errno.None and var error)
            return error;
        using var file = new ScopedFd(made);
        if (content.IsEmpty)
            return Errno.None;
        error = Sys.PWrite(file, content, 0, out int written);
        return error == Errno.None && written < content.Length ? Errno.ENOSPC : error;
    }

    /// <summary>Makes the copy of a device, fifo or socket: itself, or what stands for it.</summary>
    internal Errno MakeNode(Fd directory, Name name, in Statx stat)
    {
        Errno error = Sys.MkNodAt(directory, name, stat.Mode, stat.Rdev);
        return error == Errno.EPERM && _overrides is not null ? MakeSubstitute(directory, name, default) : error;
    }

    /// <summary>Gives a copy in work the owner and mode that it cannot have itself.</summary>
    internal Errno SettleCopy(Fd work, Name name, in Statx wanted)
    {
        if (Sys.StatxAt(work, name, out Statx own) is not Errno.None and var error)
            return error;
        error = Settle(work, name, own, wanted);
        return error == Errno.EPERM && MaySubstitute(own, name) ? ReplaceBySubstitute(work, name, own, wanted) : error;
    }

    /// <summary>The target of a symbolic link, also of one for which a regular file stands.</summary>
    internal static Errno ReadTarget(in RealName real, Span<byte> target, out int length)
    {
        Errno error = Sys.ReadLinkAt(real.Directory, real.Name, target, out length);
        if (error is not (Errno.EINVAL or Errno.ENOENT)) // ENOENT: the descriptor of what is no link
            return error;
        error = real.Name.Length == 0
            ? Sys.Reopen(real.Directory, OpenFlags.ReadOnly, out Fd opened)
            : Sys.OpenAt(real.Directory, real.Name, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.NonBlock, out opened);
        if (error != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        return Sys.PRead(file, target, 0, out length);
    }

    /// <summary>Whether a regular file could show what this one cannot.</summary>
    private bool MaySubstitute(in Statx own, Name name) => name.Length > 0 && !_overrides!.CanCarry(own.Type);

    /// <summary>Gives a new file, under the lock of its name, the owner and mode that its own attributes do not say.</summary>
    /// <param name="place">Where it was made.</param>
    /// <param name="creation">What was asked for.</param>
    /// <param name="own">Its own attributes; what is to be shown afterwards.</param>
    private Errno SettleNew(in UpperName place, in Creation creation, ref Statx own)
    {
        if (IsOwnersFile(creation, own))
            return Errno.None;
        Statx wanted = own;
        if (WantedOf(place, creation, ref wanted) is not Errno.None and var error)
            return error;
        error = Settle(place.Upper, place.Name, own, wanted);
        if (error == Errno.EPERM && MaySubstitute(own, place.Name))
        {
            error = ReplaceBySubstitute(place.Upper, place.Name, own, wanted);
            if (error == Errno.None)
                error = Sys.StatxAt(place.Upper, place.Name, out own);
        }
        own.CopyOwnership(wanted);
        return error;
    }

    /// <summary>The same for a file without a name.</summary>
    private Errno SettleUnnamed(in UpperName place, Fd file, in Creation creation, ref Statx own)
    {
        if (IsOwnersFile(creation, own))
            return Errno.None;
        Statx wanted = own;
        if (WantedOf(place, creation, ref wanted) is not Errno.None and var error)
            return error;
        error = Settle(file, Name.Empty, own, wanted);
        own.CopyOwnership(wanted);
        return error;
    }

    /// <summary>An ordinary user's own new file, in an upper where nothing was kept elsewhere so far.</summary>
    private bool IsOwnersFile(in Creation creation, in Statx own) =>
        !_overrides!.MayStandForOthers(Inode.NoLayer)
        && own.Type == creation.Type && own.Uid == creation.Owner.Uid && own.Gid == creation.Owner.Gid;

    /// <summary>What a new file would be like if its maker could make it himself: set-gid inheritance and default ACL included.</summary>
    private Errno WantedOf(in UpperName place, in Creation creation, ref Statx wanted)
    {
        if (_files.Statx(place.Parent, place.Upper, Name.Empty, out Statx directory) is not Errno.None and var error)
            return error;
        bool inherits = (directory.Permissions & SetIds.SetGid) != 0;
        if (ModeOf(place.Parent, place.Upper, creation.Mode & 0xFFF, creation.UMask, out uint mode) is not Errno.None and var unread)
            return unread;
        if (wanted.Type == creation.Type)
            mode &= wanted.Permissions | ~PermissionBits; // a default ACL took some away
        if (inherits && creation.IsDirectory)
            mode |= SetIds.SetGid;
        wanted.Uid = creation.Owner.Uid;
        wanted.Gid = inherits ? directory.Gid : creation.Owner.Gid;
        wanted.Mode = (ushort)((uint)creation.Type | (creation.Type == FileType.SymLink ? PermissionBits : mode));
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
        if (_overrides!.Apply(Inode.NoLayer, file, Name.Empty, ref shown, out bool isKept) is not Errno.None and var unread)
            return unread;
        uint dropped = SetIdsToDrop(request, shown);
        if (dropped == 0)
            return Errno.None;
        shown.Mode = (ushort)(shown.Mode & ~dropped);
        return isKept ? Settle(file, Name.Empty, own, shown) : Sys.FChModAt(file, Name.Empty, shown.Permissions);
    }
}
