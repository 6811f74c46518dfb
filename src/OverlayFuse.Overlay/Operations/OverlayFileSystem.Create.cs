using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// MKNOD, MKDIR, SYMLINK, CREATE, TMPFILE: made in the upper directory with the caller's ids; over a whiteout made ready in the work
/// directory and put in its place in one step (ovl_create_object, ovl_create_over_whiteout).
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>XATTR_SIZE_MAX.</summary>
    private const int XattrSizeMax = 64 << 10;

    private static Name DefaultAclXattr => new("system.posix_acl_default\0"u8);

    /// <inheritdoc/>
    public Errno MkNod(in FuseRequest request, in MkNodIn input, Name name, out EntryOut entry)
    {
        entry = default;
        if ((FileType)(input.Mode & (uint)FileType.Mask) == FileType.CharacterDevice && input.Rdev == 0)
            return Errno.EPERM; // a whiteout is not a user's to make (ovl_mknod)
        ulong rdev = FromFuseDevice(input.Rdev);
        bool isOpened = _isStateless && (FileType)(input.Mode & (uint)FileType.Mask) == FileType.Regular; // a write follows
        return MakeEntry(request, name, new Creation { Mode = input.Mode, UMask = input.UMask, Rdev = rdev, Open = isOpened }, out entry, out _);
    }

    /// <inheritdoc/>
    public Errno MkDir(in FuseRequest request, in MkDirIn input, Name name, out EntryOut entry)
    {
        uint mode = (input.Mode & 0xFFF) | (uint)FileType.Directory;
        return MakeEntry(request, name, new Creation { Mode = mode, UMask = input.UMask }, out entry, out _);
    }

    /// <inheritdoc/>
    public Errno SymLink(in FuseRequest request, Name name, Name target, out EntryOut entry) =>
        MakeEntry(request, name, new Creation { Mode = (uint)FileType.SymLink | 0x1FF, Target = target }, out entry, out _);

    /// <inheritdoc/>
    public Errno Create(in FuseRequest request, in CreateIn input, Name name, out EntryOut entry, out OpenOut opened)
    {
        (entry, opened) = (default, default);
        if (_isStateless)
            return Errno.ENOSYS; // the kernel sends MKNOD from here on (fuse_conn.no_create), and there is no handle to be released
        uint mode = (input.Mode & 0xFFF) | (uint)FileType.Regular;
        var creation = new Creation { Mode = mode, UMask = input.UMask, Open = true };
        if (!_reserve.TryOpen())
            return Errno.ENFILE;
        Errno error = MakeEntry(request, name, creation, out entry, out Inode? inode);
        if (error != Errno.None)
            _reserve.Close();
        if (error == Errno.EEXIST && (input.Flags & OpenFlags.Exclusive) == 0)
            return Errno.ESTALE; // made behind our back: the VFS looks again and opens it
        if (error != Errno.None)
            return error;
        if (inode is null)
            return Errno.EIO;
        opened = OpenReply(inode, input.Flags);
        (entry.AttrValid, entry.AttrValidNsec) = (AttributeValidityOf(inode).Seconds, AttributeValidityOf(inode).Nanoseconds);
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno TmpFile(in FuseRequest request, in CreateIn input, out EntryOut entry, out OpenOut opened)
    {
        entry = default;
        opened = default;
        if (_inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (RequireUnprotected(parent, Protection.Immutable) is not Errno.None and var shut)
            return shut;
        if (!_reserve.TryOpen())
            return Errno.ENFILE;
        Errno error = MakeUnnamed(request, parent, input, out entry, out opened);
        if (error != Errno.None)
            _reserve.Close();
        return error;
    }

    private Errno MakeUnnamed(in FuseRequest request, Inode parent, in CreateIn input, out EntryOut entry, out OpenOut opened)
    {
        entry = default;
        opened = default;
        if (EnsureUpperDirectory(request, parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        {
            if (AssumeCaller(request) is not Errno.None and var unknown)
                return unknown;
            uint asked = WithoutStrangersSetGid(request, parent, upper, (input.Mode & 0xFFF) | (uint)FileType.Regular);
            var creation = new Creation { Mode = asked, UMask = input.UMask, Owner = OwnerOf(request) };
            if (MadeMode(parent, upper, creation, out uint mode) is not Errno.None and var unread)
                return unread;
            const OpenFlags flags = OpenFlags.TmpFile | OpenFlags.ReadWrite;
            if (Sys.OpenAt(upper, Name.Dot, flags, out Fd made, mode & 0xFFF) is not Errno.None and var failed)
                return failed;
            using var file = new ScopedFd(made);
            if (Sys.FStatx(file, out Statx stat) is not Errno.None and var unseen)
                return unseen;
            if (_overrides is not null && SettleUnnamed(new UpperName(parent, upper, Name.Empty), file, creation, ref stat) is not Errno.None and var unowned)
                return unowned;
            if (Sys.Reopen(file, OpenFlags.ReadWrite, out Fd writable) is not Errno.None and var unopened)
                return unopened;
            Inode inode = _inodes.AddUnnamed(stat, _inos.Map(stat.Dev, stat.Ino), new SafeFd(file.Release()));
            inode.Protection = Protection.None;
            AddOpen(inode, writable, hasHandle: true);
            opened = OpenReply(inode, input.Flags);
            entry = ToEntry(inode, stat);
        }
        return Errno.None;
    }

    private Errno MakeEntry(in FuseRequest request, Name name, in Creation creation, out EntryOut entry, out Inode? inode)
    {
        entry = default;
        inode = null;
        if (_inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (name.Length > NameMax)
            return Errno.ENAMETOOLONG;
        if (IsAufsMark(name))
            return Errno.EINVAL;
        if (RequireUnprotected(parent, Protection.Immutable) is not Errno.None and var shut)
            return shut;
        if (EnsureUpperDirectory(request, parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        {
            if (AssumeCaller(request) is not Errno.None and var unknown)
                return unknown;
            var place = new UpperName(parent, upper, name);
            uint mode = WithoutStrangersSetGid(request, parent, upper, creation.Mode);
            if (MakeNamed(place, creation with { Owner = OwnerOf(request), Mode = mode }, out Fd made, out entry, out inode) is not Errno.None and var failed)
                return failed;
            if (made.IsOpen)
                AddOpen(inode!, made, hasHandle: !_isStateless); // the open lock comes before that of the names, which is free again
            return Errno.None;
        }
    }

    private Errno MakeNamed(in UpperName place, in Creation creation, out Fd made, out EntryOut entry, out Inode? inode)
    {
        entry = default;
        inode = null;
        using (new NamesChange(place.Parent))
        {
            Errno error = MakeAt(place, creation, out made, out bool overWhiteout);
            if (error == Errno.EEXIST)
            {
                overWhiteout = true;
                error = RequireWhiteout(place.Upper, place.Name);
                if (error == Errno.None)
                    error = MakeOverWhiteout(place, creation, out made);
            }
            else if (error == Errno.None && !overWhiteout && creation.IsDirectory && place.Parent.Directory!.Lowers.Length > 0 && !AllowsOfflineChanges)
            {
                error = CutOff(place);
            }
            if (error != Errno.None)
                return error;
            using var file = new ScopedFd(made);
            error = AdmitNew(place, creation, made, out entry, out inode);
            if (error != Errno.None)
                Unmake(place, creation.IsDirectory, overWhiteout);
            made = error == Errno.None ? file.Release() : Fd.None;
            return error;
        }
    }

    private Errno MakeAt(in UpperName place, in Creation creation, out Fd made, out bool marked)
    {
        made = Fd.None;
        if (HidesInUpper(place.Parent, place.Upper, place.Name, out marked) is not Errno.None and var unseen)
            return unseen;
        if (MadeMode(place.Parent, place.Upper, creation, out uint mode) is not Errno.None and var unread)
            return unread;
        Errno error = marked && creation.IsDirectory
            ? MakeOverAufsMark(place, creation)
            : Make(creation, place.Upper, place.Name, mode, out made);
        return error == Errno.None && marked ? MarkPresent(place.Parent, place.Upper, place.Name) : error;
    }

    /// <summary>Lower layers may change between mounts as long as nothing in the upper points into them (ovl_allow_offline_changes).</summary>
    private bool AllowsOfflineChanges => !Redirect.IsMade && !Metacopy.IsOn && _index is null && !_options.KeepsLowers;

    /// <summary>Below a new directory there is nothing, and nothing will come there: later lookups need not ask (ovl_create_upper).</summary>
    private Errno CutOff(in UpperName place)
    {
        Errno error = MarkOpaque(place.Upper, place.Name);
        if (error != Errno.None)
            _ = Sys.RmDirAt(place.Upper, place.Name); // the error that is told is the first
        return error;
    }

    /// <summary>Looks at what stands where something was to be made.</summary>
    /// <returns>EEXIST when it is no whiteout.</returns>
    private Errno RequireWhiteout(Fd upper, Name name)
    {
        Errno error = StatUpper(upper, name, out Statx there, out bool exists);
        return error == Errno.None && !(exists && Whiteout.Is(_xattrs, upper, name, there)) ? Errno.EEXIST : error;
    }

    /// <summary>What could not be shown to the caller shall not be there. Errors change nothing: one is answered already.</summary>
    private void Unmake(in UpperName place, bool directory, bool overWhiteout)
    {
        if (overWhiteout)
            _ = directory ? CoverDirectory(place.Parent, place.Upper, place.Name, inUpper: true) : CoverFile(place.Parent, place.Upper, place.Name, inUpper: true); // see above
        else
            _ = directory ? Sys.RmDirAt(place.Upper, place.Name) : Sys.UnlinkAt(place.Upper, place.Name); // see above
    }

    /// <summary>Gives the kernel what was just made. Under the lock of its names.</summary>
    private Errno AdmitNew(in UpperName place, in Creation creation, Fd made, out EntryOut entry, out Inode? inode)
    {
        entry = default;
        inode = null;
        Errno error = made.IsOpen ? Sys.FStatx(made, out Statx stat) : Sys.StatxAt(place.Upper, place.Name, out stat);
        if (error != Errno.None)
            return error;
        if (_overrides is not null && SettleNew(place, creation, ref stat) is not Errno.None and var unowned)
            return unowned;
        var found = new Resolved(default) { Exists = true, HasUpper = true, Stat = stat, Ino = _inos.Map(stat.Dev, stat.Ino) };
        if (!_inodes.TryAdmit(place.Parent, place.Parent.Directory!.Version, place.Name, found, out inode))
            return Errno.EIO; // cannot be: the names are locked
        inode.Protection = Protection.None;
        entry = ToEntry(inode, stat);
        return Errno.None;
    }

    private Errno MakeOverWhiteout(in UpperName place, in Creation creation, out Fd made)
    {
        var entry = new WorkEntry(_work!);
        try
        {
            if (MakeInWork(place.Parent, place.Upper, creation, entry, out made) is not Errno.None and var error)
                return error;
            using var file = new ScopedFd(made);
            error = creation.IsDirectory ? MarkOpaque(entry.Directory, entry.Name) : Errno.None;
            if (error == Errno.None)
                error = creation.IsDirectory ? entry.ExchangeWith(place.Upper, place.Name) : entry.MoveTo(place.Upper, place.Name);
            made = error == Errno.None ? file.Release() : Fd.None;
            return error;
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>
    /// Makes an entry in the work directory just as the file system would in the upper one: set-gid and default ACL of the parent are
    /// inherited from a stand-in for it, so that the rules stay the file system's own.
    /// </summary>
    private Errno MakeInWork(Inode parent, Fd upper, in Creation creation, in WorkEntry entry, out Fd made)
    {
        made = Fd.None;
        if (MadeMode(parent, upper, creation, out uint mode) is not Errno.None and var unread)
            return unread;
        if (Sys.FStatx(upper, out Statx stat) is not Errno.None and var error)
            return error;
        bool inherits = (stat.Permissions & SetIds.SetGid) != 0 || parent.Directory!.HasDefaultAcl == Known.Yes;
        if (!inherits)
            return Make(creation, entry.Directory, entry.Name, mode, out made);
        using var standIn = new WorkEntry(_work!);
        if (MakeStandIn(upper, stat, standIn, out Fd opened) is not Errno.None and var failed)
            return failed;
        using var directory = new ScopedFd(opened);
        if (Make(creation, directory, entry.Name, mode, out made) is not Errno.None and var unmade)
            return unmade;
        using var file = new ScopedFd(made);
        error = Sys.RenameAt(directory, entry.Name, entry.Directory, entry.Name);
        made = error == Errno.None ? file.Release() : Fd.None;
        return error;
    }

    private static Errno MakeStandIn(Fd upper, in Statx parent, in WorkEntry standIn, out Fd opened)
    {
        opened = Fd.None;
        if (Sys.MkDirAt(standIn.Directory, standIn.Name, 0x1C0) is not Errno.None and var error)
            return error;
        if (Sys.FChownAt(standIn.Directory, standIn.Name, uint.MaxValue, parent.Gid) is not Errno.None and var kept)
            return kept;
        if (Sys.FChModAt(standIn.Directory, standIn.Name, 0x1C0 | (parent.Permissions & SetIds.SetGid)) is not Errno.None and var refused)
            return refused;
        byte[] acl = new byte[XattrSizeMax];
        error = Sys.GetXattrAt(upper, Name.Empty, DefaultAclXattr, acl, out int length);
        if (error == Errno.None)
            error = XattrCopy.WithoutStrangers(acl, ref length);
        if (error == Errno.None)
            error = Sys.SetXattrAt(standIn.Directory, standIn.Name, DefaultAclXattr, acl.AsSpan(0, length));
        if (error is not (Errno.None or Errno.ENODATA or Errno.EOPNOTSUPP))
            return error;
        return Sys.OpenAt(standIn.Directory, standIn.Name, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out opened);
    }

    /// <summary>The umask applies only where there is no default ACL (posix_acl_create).</summary>
    private static Errno ModeOf(Inode parent, Fd upper, uint asked, uint umask, out uint mode)
    {
        mode = asked & ~umask;
        DirectoryNode node = parent.Directory!;
        if (node.HasDefaultAcl == Known.NotYet)
        {
            Errno error = Sys.GetXattrAt(upper, Name.Empty, DefaultAclXattr, default, out int length);
            if (error is not (Errno.None or Errno.ENODATA or Errno.EOPNOTSUPP))
                return error;
            node.HasDefaultAcl = error == Errno.None && length > 0 ? Known.Yes : Known.No;
        }
        if (node.HasDefaultAcl == Known.Yes)
            mode = asked;
        return Errno.None;
    }

    /// <summary>new_decode_dev, then as makedev(3) has it.</summary>
    private static ulong FromFuseDevice(uint device)
    {
        ulong major = (device & 0xFFF00) >> 8;
        ulong minor = (device & 0xFF) | ((device >> 12) & 0xFFF00);
        return (minor & 0xFF) | (major << 8) | ((minor & ~0xFFul) << 12);
    }
}

/// <summary>A name in an upper directory.</summary>
internal readonly ref struct UpperName(Inode parent, Fd upper, Name name)
{
    public Inode Parent { get; } = parent;

    /// <summary>The upper directory.</summary>
    public Fd Upper { get; } = upper;

    public Name Name { get; } = name;
}
