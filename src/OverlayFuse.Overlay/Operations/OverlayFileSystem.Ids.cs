using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Operations;

/// <summary>Where owners in the mount and on disk meet.</summary>
public sealed partial class OverlayFileSystem
{
    private readonly ShownIds? _ids;

    /// <summary>The kernel is older than 6.1.</summary>
    private bool _isAllocationUntold;

    /// <summary>Which lower layers have other ids than on disk; null where none has.</summary>
    internal IdMappedLayers? IdMapped { get; }

    /// <summary>What is created from here on belongs to the request's caller; where owners are kept in xattrs, to the mounter.</summary>
    private Errno AssumeCaller(in FuseRequest request) =>
        _overrides is { IsAlways: true } ? CallerIds.AssumeMounter() : CallerIds.Assume(OwnerOf(request));

    /// <summary>Whose a request's new files are, with ids as on disk.</summary>
    private Caller OwnerOf(in FuseRequest request) => _ids is null ? request.Caller : _ids.OnDisk(request.Caller);

    /// <summary>The mode with which a file is made: that of the file itself, not always the one that will be shown.</summary>
    private Errno MadeMode(Inode parent, Fd upper, in Creation creation, out uint mode)
    {
        Errno error = ModeOf(parent, upper, creation.Mode, creation.UMask, out mode);
        if (_overrides is { IsAlways: true })
            mode = (mode & (uint)FileType.Mask) | StatOverrides.RealMode(mode);
        return error;
    }

    private uint ShownUid(in Statx stat) => _ids is null ? stat.Uid : _ids.Uid(stat.Uid);

    private uint ShownGid(in Statx stat) => _ids is null ? stat.Gid : _ids.Gid(stat.Gid);

    /// <summary>Which set-uid and set-gid bits a change by the caller takes from a file.</summary>
    private uint SetIdsToDrop(in FuseRequest request, in Statx stat)
    {
        if (_ids is null)
            return SetIds.ToDrop(request, stat);
        Statx shown = stat;
        (shown.Uid, shown.Gid) = (_ids.Uid(stat.Uid), _ids.Gid(stat.Gid));
        return SetIds.ToDrop(request, shown);
    }

    /// <summary>Takes them from a file that was just written or truncated.</summary>
    private Errno DropSetIds(in FuseRequest request, Fd file)
    {
        if (_overrides is not null)
            return DropShownSetIds(request, file);
        if (Sys.FStatx(file, out Statx stat) is not Errno.None and var error)
            return error;
        uint dropped = SetIdsToDrop(request, stat);
        return dropped == 0 ? Errno.None : Sys.FChModAt(file, Name.Empty, stat.Permissions & ~dropped);
    }

    /// <summary>As <see cref="DropSetIds"/>, where the kernel believes that it has had them taken before, or cannot ask for it.</summary>
    private Errno DropSetIdsAfter(in FuseRequest request, Inode inode, Fd file)
    {
        if (Sys.FStatx(file, out Statx stat, StatxMask.Mode) is not Errno.None and var error)
            return error;
        if (_overrides is null && (stat.Permissions & SetIds.Any) == 0) // with overrides the bits are not in the file
            return Errno.None;
        error = DropSetIds(request, file);
        InvalidateAttributes(inode);
        return error;
    }

    /// <summary>
    /// Without opens the kernel's demand for it may have been left undone (<see cref="MayClearSetIds"/>); and FUSE's kernel side asks for it before an
    /// fallocate from Linux 6.1 on.
    /// </summary>
    private Errno DropSetIdsUntold(in FuseRequest request, NodeId node, Fd file) =>
        (_isStateless || _isAllocationUntold) && !CallerProcess.MayKeepSetIds(request) && _inodes[node] is { } inode ? DropSetIdsAfter(request, inode, file) : Errno.None;

    /// <summary>
    /// The mode of a new file in a set-gid directory, whose group it gets: no set-gid program of a group that its maker is not in (mode_strip_sgid). The
    /// VFS sees to that from Linux 6.0 on; before, each file system did.
    /// </summary>
    private uint WithoutStrangersSetGid(in FuseRequest request, Inode parent, Fd upper, uint mode)
    {
        const uint groupRuns = SetIds.SetGid | SetIds.GroupExecute;
        if ((mode & groupRuns) != groupRuns || (FileType)(mode & (uint)FileType.Mask) == FileType.Directory)
            return mode;
        Errno error = _files.Statx(parent, upper, Name.Empty, out Statx directory);
        bool isKept = error == Errno.None && ((directory.Permissions & SetIds.SetGid) == 0 || CallerProcess.MayKeepSetGid(request, ShownGid(directory)));
        return isKept ? mode : mode & ~SetIds.SetGid;
    }

    /// <summary>chown before chmod: changing the owner clears set-uid and set-gid (notify_change), the new mode may set them again.</summary>
    private Errno ChangeFile(in FuseRequest request, in RealName real, in OwnerChange change)
    {
        if (change.IsChown && ChOwn(request, real, change) is not Errno.None and var error)
            return error;
        return change.Mode is { } mode ? Sys.FChModAt(real.Directory, real.Name, mode) : Errno.None;
    }

    /// <summary>chown(2) as the caller's: the kernel keeps a set-gid that does not execute for the mounter, who may do everything.</summary>
    private Errno ChOwn(in FuseRequest request, in RealName real, in OwnerChange change)
    {
        Statx stat = default;
        if (request.Caller.Uid != 0
            && Sys.StatxAt(real.Directory, real.Name, out stat) is not Errno.None and var error)
            return error;
        Errno refused = Sys.FChownAt(real.Directory, real.Name, change.Uid, change.Gid);
        uint dropped = refused != Errno.None || stat.IsDirectory ? 0 : SetIdsToDrop(request, stat);
        return dropped == 0 ? refused : Sys.FChModAt(real.Directory, real.Name, stat.Permissions & ~dropped);
    }

    /// <summary>Makes it, or for a device that we may not make, the regular file that stands for it.</summary>
    private Errno Make(in Creation creation, Fd directory, Name name, uint mode, out Fd opened)
    {
        Errno error = creation.MakeAt(directory, name, mode, out opened);
        bool substitutes = error == Errno.EPERM && _overrides is not null && creation.IsDevice;
        return substitutes ? MakeSubstitute(directory, name, default) : error;
    }

    /// <summary>Whether ids are in this xattr, and a map is there to change them.</summary>
    private bool HoldsMappedIds(Name xattr) =>
        _ids is { HasMap: true } && (AclIds.IsAcl(xattr) || xattr.Equals(FileCapability.Xattr));

    /// <summary>A value with ids in it as the mount shows it.</summary>
    private Errno GetMappedXattr(Inode inode, in RealName real, Name xattr, Span<byte> value, out int length)
    {
        Span<byte> capability = stackalloc byte[FileCapability.MaxSize];
        bool isAcl = AclIds.IsAcl(xattr);
        Span<byte> read = isAcl ? value : capability;
        if (GetStored(inode, real, xattr, read, out length) is not Errno.None and var error)
            return error;
        if (isAcl)
        {
            AclIds.Show(value[..Math.Min(value.Length, length)], _ids!);
            return Errno.None;
        }
        FileCapability.Show(capability, ref length, _ids!);
        if (value.Length < length)
            return value.IsEmpty ? Errno.None : Errno.ERANGE;
        capability[..length].CopyTo(value);
        return Errno.None;
    }

    /// <summary>A value with ids in it as it is stored.</summary>
    /// <returns>EINVAL for an id that the map leaves out.</returns>
    private Errno ToStoredIds(Name xattr, ref ReadOnlySpan<byte> value)
    {
        if (!HoldsMappedIds(xattr))
            return Errno.None;
        byte[] stored = new byte[Math.Max(value.Length, FileCapability.MaxSize)];
        int length = value.Length;
        value.CopyTo(stored);
        bool known = AclIds.IsAcl(xattr) ? AclIds.TryStore(stored.AsSpan(0, length), _ids!) : FileCapability.TryStore(stored, ref length, _ids!);
        value = stored.AsSpan(0, length);
        return known ? Errno.None : Errno.EINVAL;
    }
}
