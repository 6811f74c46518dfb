using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// MKNOD, MKDIR, SYMLINK, CREATE, TMPFILE. An object is made in the upper directory with the caller's ids. An object over a whiteout is
/// made in the work directory, and takes the whiteout's place in one step (ovl_create_object, ovl_create_over_whiteout).
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno MkNod(in FuseRequest request, in MkNodIn input, Name name, out EntryOut entry)
    {
        entry = default;
        // Users must not make whiteouts (ovl_mknod).
        if ((FileType)(input.Mode & (uint)FileType.Mask) == FileType.CharacterDevice && input.Rdev == 0)
            return Errno.EPERM;
        ulong rdev = FromFuseDevice(input.Rdev);
        bool isOpened = _access.KeepsMadeNodes && (FileType)(input.Mode & (uint)FileType.Mask) == FileType.Regular;
        var creation = new Creation { Mode = input.Mode, UMask = input.UMask, Rdev = rdev, Open = isOpened };
        return MakeEntry(request, name, creation, out entry, out _);
    }

    /// <inheritdoc/>
    public Errno MkDir(in FuseRequest request, in MkDirIn input, Name name, out EntryOut entry)
    {
        uint mode = (input.Mode & Permissions.All) | (uint)FileType.Directory;
        return MakeEntry(request, name, new Creation { Mode = mode, UMask = input.UMask }, out entry, out _);
    }

    /// <inheritdoc/>
    public Errno SymLink(in FuseRequest request, Name name, Name target, out EntryOut entry) =>
        MakeEntry(request, name, new Creation { Mode = (uint)FileType.SymLink | Permissions.Access, Target = target }, out entry, out _);

    /// <inheritdoc/>
    public Errno Create(in FuseRequest request, in CreateIn input, Name name, out EntryOut entry, out OpenOut opened)
    {
        (entry, opened) = (default, default);
        Errno error;
        if ((error = _access.RequireHandles()) != Errno.None)
            return error;
        uint mode = (input.Mode & Permissions.All) | (uint)FileType.Regular;
        var creation = new Creation { Mode = mode, UMask = input.UMask, Open = true };
        if (!_view.Reserve.TryOpen())
            return Errno.ENFILE;
        error = MakeEntry(request, name, creation, out entry, out Inode? inode);
        if (error != Errno.None)
            _view.Reserve.Close();
        // Another process made it in the upper: the VFS looks again and opens it.
        if (error == Errno.EEXIST && (input.Flags & OpenFlags.Exclusive) == 0)
            return Errno.ESTALE;
        if (error != Errno.None)
            return error;
        if (inode is null)
            return Errno.EIO;
        opened = _access.ReplyTo(inode, input.Flags);
        Validity validity = _access.AttributeValidityOf(inode);
        (entry.AttrValid, entry.AttrValidNsec) = (validity.Seconds, validity.Nanoseconds);
        return Errno.None;
    }

    /// <inheritdoc/>
    public Errno TmpFile(in FuseRequest request, in CreateIn input, out EntryOut entry, out OpenOut opened)
    {
        entry = default;
        opened = default;
        if (_view.Inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        Errno error;
        if ((error = _protections.RequireUnprotected(parent, Protection.Immutable)) != Errno.None)
            return error;
        if (!_view.Reserve.TryOpen())
            return Errno.ENFILE;
        error = MakeUnnamed(request, parent, input, out entry, out opened);
        if (error != Errno.None)
            _view.Reserve.Close();
        return error;
    }

    private Errno MakeUnnamed(in FuseRequest request, Inode parent, in CreateIn input, out EntryOut entry, out OpenOut opened)
    {
        entry = default;
        opened = default;
        Errno error;
        if ((error = _upper.BorrowDirectory(request, parent, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
        {
            if ((error = _view.Owners.AssumeCaller(request)) != Errno.None)
                return error;
            uint asked = WithoutStrangersSetGid(request, parent, upper, (input.Mode & Permissions.All) | (uint)FileType.Regular);
            var creation = new Creation { Mode = asked, UMask = input.UMask, Owner = _view.Owners.OwnerOf(request) };
            if ((error = _new.MadeMode(parent, upper, creation, out uint mode)) != Errno.None)
                return error;
            const OpenFlags flags = OpenFlags.TmpFile | OpenFlags.ReadWrite;
            if ((error = Sys.OpenAt(upper, Name.Dot, flags, out Fd made, mode & Permissions.All)) != Errno.None)
                return error;
            using var file = new ScopedFd(made);
            if ((error = Sys.FStatx(file, out Statx stat)) != Errno.None)
                return error;
            if ((error = _new.Settle(new UpperName(parent, upper, Name.Empty), file, creation, ref stat)) != Errno.None)
                return error;
            if ((error = Sys.Reopen(file, OpenFlags.ReadWrite, out Fd writable)) != Errno.None)
                return error;
            Inode inode = _view.Inodes.AddUnnamed(stat, _view.Inos.Map(stat.Dev, stat.Ino), new SafeFd(file.Release()));
            inode.Protection = Protection.None;
            _access.AddUnnamed(inode, writable);
            opened = _access.ReplyTo(inode, input.Flags);
            entry = _replies.ToEntry(inode, stat);
        }
        return Errno.None;
    }

    private Errno MakeEntry(in FuseRequest request, Name name, in Creation creation, out EntryOut entry, out Inode? inode)
    {
        entry = default;
        inode = null;
        if (_view.Inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (name.Length > Limits.NameMax)
            return Errno.ENAMETOOLONG;
        if (_view.UpperForm.IsReserved(name))
            return Errno.EINVAL;
        Errno error;
        if ((error = _protections.RequireUnprotected(parent, Protection.Immutable)) != Errno.None)
            return error;
        if ((error = _upper.BorrowDirectory(request, parent, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
        {
            if ((error = _view.Owners.AssumeCaller(request)) != Errno.None)
                return error;
            var place = new UpperName(parent, upper, name);
            uint mode = WithoutStrangersSetGid(request, parent, upper, creation.Mode);
            Creation owned = creation with { Owner = _view.Owners.OwnerOf(request), Mode = mode };
            if ((error = MakeNamed(place, owned, out Fd made, out entry, out inode)) != Errno.None)
                return error;
            // The lock of the names is free again: the open lock comes before it.
            if (made.IsOpen)
                _access.AddMade(inode!, made);
            return Errno.None;
        }
    }

    private Errno MakeNamed(in UpperName place, in Creation creation, out Fd made, out EntryOut entry, out Inode? inode)
    {
        entry = default;
        inode = null;
        using (new NamesChange(place.Parent))
        {
            Errno error = _new.MakeAt(place, creation, out made, out bool overWhiteout);
            if (error == Errno.EEXIST)
            {
                overWhiteout = true;
                error = _new.RequireWhiteout(place.Upper, place.Name);
                if (error == Errno.None)
                    error = _new.MakeOverWhiteout(place, creation, out made);
            }
            else if (error == Errno.None && !overWhiteout && creation.IsDirectory
                && place.Parent.Directory!.Lowers.Length > 0 && !_new.AllowsOfflineChanges)
            {
                error = _new.CutOff(place);
            }
            if (error != Errno.None)
                return error;
            using var file = new ScopedFd(made);
            error = AdmitNew(place, creation, made, out entry, out inode);
            if (error != Errno.None)
                _new.Unmake(place, creation.IsDirectory, overWhiteout);
            made = error == Errno.None ? file.Release() : Fd.None;
            return error;
        }
    }

    /// <summary>Makes the inode of a new object for the kernel. Under the lock of its names.</summary>
    private Errno AdmitNew(in UpperName place, in Creation creation, Fd made, out EntryOut entry, out Inode? inode)
    {
        entry = default;
        inode = null;
        Errno error = made.IsOpen ? Sys.FStatx(made, out Statx stat) : Sys.StatxAt(place.Upper, place.Name, out stat);
        if (error != Errno.None)
            return error;
        if ((error = _new.Settle(place, place.Upper, creation, ref stat)) != Errno.None)
            return error;
        var found = new Resolved(default) { Exists = true, HasUpper = true, Stat = stat, Ino = _view.Inos.Map(stat.Dev, stat.Ino) };
        // Does not happen: the names are locked.
        if (!_view.Inodes.TryAdmit(place.Parent, place.Parent.Directory!.Version, place.Name, found, out inode))
            return Errno.EIO;
        inode.Protection = Protection.None;
        entry = _replies.ToEntry(inode, stat);
        return Errno.None;
    }

    /// <summary>
    /// The mode of a new file. A file in a set-gid directory gets the directory's group. It loses set-gid if the caller is not in that
    /// group (mode_strip_sgid). The VFS does this from Linux 6.0 on; before, each file system did.
    /// </summary>
    private uint WithoutStrangersSetGid(in FuseRequest request, Inode parent, Fd upper, uint mode)
    {
        const uint groupRuns = SetIds.SetGid | SetIds.GroupExecute;
        if ((mode & groupRuns) != groupRuns || (FileType)(mode & (uint)FileType.Mask) == FileType.Directory)
            return mode;
        Errno error = _view.Files.Statx(parent, upper, Name.Empty, out Statx directory);
        bool isKept = error == Errno.None
            && ((directory.Permissions & SetIds.SetGid) == 0 || _view.Owners.MayKeepSetGid(request, directory));
        return isKept ? mode : mode & ~SetIds.SetGid;
    }

    /// <summary>new_decode_dev, then as makedev(3) has it.</summary>
    private static ulong FromFuseDevice(uint device)
    {
        ulong major = (device & 0xFFF00) >> 8;
        ulong minor = (device & 0xFF) | ((device >> 12) & 0xFFF00);
        return (minor & 0xFF) | (major << 8) | ((minor & ~0xFFul) << 12);
    }
}
