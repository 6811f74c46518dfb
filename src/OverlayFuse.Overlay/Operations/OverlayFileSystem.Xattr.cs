using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Operations;

/// <summary>SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR: the private namespace is escaped (fs/overlayfs/xattrs.c).</summary>
public sealed partial class OverlayFileSystem
{
    private const int StoredNameSize = 280;

    /// <summary>SETXATTR_EXT was negotiated.</summary>
    private bool _tellsSetGid;

    /// <inheritdoc/>
    public Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length)
    {
        length = 0;
        if (_options.NoXattrs)
            return Errno.ENOSYS; // the kernel never asks again
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (IsReservedXattr(name))
            return Errno.ENODATA;
        Span<byte> buffer = stackalloc byte[StoredNameSize];
        if (_xattrs.ToStored(name, buffer, out Name stored) is not Errno.None and var error)
            return error;
        if (_files.Locate(inode, out RealName real) is not Errno.None and var lost)
            return lost;
        using (real)
        {
            error = HoldsMappedIds(name)
                ? GetMappedXattr(inode, real, name, value, out length)
                : GetStored(inode, real, stored, value, out length);
            if (error == Errno.None && AclIds.IsAcl(name) && length <= value.Length)
                length = AclIds.WithoutStrangers(value[..length], out _);
            if (error == Errno.None && _overrides is not null && name.Equals(AclIds.AccessXattr))
                error = ShowAclOwner(inode, real, value[..Math.Min(value.Length, length)]);
        }
        return error == Errno.EOPNOTSUPP && AclIds.IsAcl(name) ? Errno.ENODATA : error; // the VFS would refuse access to a layer without ACLs
    }

    /// <inheritdoc/>
    public Errno SetXattr(in FuseRequest request, in SetXattrIn input, Name name, ReadOnlySpan<byte> value)
    {
        if (_options.NoXattrs)
            return Errno.ENOSYS;
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (IsReservedXattr(name))
            return Errno.EPERM;
        Span<byte> buffer = stackalloc byte[StoredNameSize];
        if (_xattrs.ToStored(name, buffer, out Name stored) is not Errno.None and var error)
            return error;
        if (ToStoredIds(name, ref value) is not Errno.None and var unknown)
            return unknown;
        if (RequireUnprotected(inode, Protection.Any) is not Errno.None and var kept)
            return kept;
        if (EnsureUpper(request, inode, CopyUp.NoData) is not Errno.None and var refused)
            return refused;
        lock (OpenLockOf(inode)) // not while a late write keeps the capability (WriteStored)
        {
            if (_files.Locate(inode, out RealName real) is not Errno.None and var lost)
                return lost;
            using (real)
            using (new ModeChange(inode)) // an ACL has a say in it
            {
                error = SetStored(real, stored, value, input.Flags);
                bool isAccessList = name.Equals(AclIds.AccessXattr);
                bool clearsSetGid = isAccessList && ClearsSetGid(request, input, real); // of default lists the kernel says it, too
                if (error == Errno.None && _overrides is not null && isAccessList)
                    error = ShowAclMode(real, value, clearsSetGid);
                else if (error == Errno.None && clearsSetGid)
                    error = ClearSetGid(real);
            }
        }
        ForgetDefaultAcl(inode, name);
        return error;
    }

    /// <inheritdoc/>
    public Errno RemoveXattr(in FuseRequest request, Name name)
    {
        if (_options.NoXattrs)
            return Errno.ENOSYS;
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (IsReservedXattr(name))
            return Errno.EPERM;
        Span<byte> buffer = stackalloc byte[StoredNameSize];
        if (_xattrs.ToStored(name, buffer, out Name stored) is not Errno.None and var error)
            return error;
        if (RequireUnprotected(inode, Protection.Any) is not Errno.None and var kept)
            return kept;
        if (!inode.HasUpper && HasXattr(inode, stored) is not Errno.None and var absent)
            return absent; // nothing to remove is no reason to copy up (ovl_xattr_set)
        if (EnsureUpper(request, inode, CopyUp.NoData) is not Errno.None and var refused)
            return refused;
        lock (OpenLockOf(inode)) // as above
        {
            if (_files.Locate(inode, out RealName real) is not Errno.None and var lost)
                return lost;
            using (real)
            using (new ModeChange(inode))
                error = RemoveStored(real, stored);
        }
        ForgetDefaultAcl(inode, name);
        return error;
    }

    /// <inheritdoc/>
    public Errno ListXattr(in FuseRequest request, Span<byte> list, out int length)
    {
        length = 0;
        if (_options.NoXattrs)
            return Errno.ENOSYS; // the kernel never asks again
        if (_inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (_files.Locate(inode, out RealName real) is not Errno.None and var error)
            return error;
        using (real)
        {
            error = Sys.ListXattrAt(real.Directory, real.Name, list, out length);
            if (error == Errno.ERANGE || (error == Errno.None && list.IsEmpty))
                return error; // the length before filtering: more than enough
        }
        if (error != Errno.None)
            return error == Errno.EOPNOTSUPP ? Errno.None : error;
        if (CallerProcess.MaySeeTrusted(request, out bool seesTrusted) is not Errno.None and var unknown)
            return unknown;
        length = _xattrs.FilterList(list[..length], seesTrusted);
        return Errno.None;
    }

    private Errno HasXattr(Inode inode, Name stored)
    {
        if (_files.Locate(inode, out RealName real) is not Errno.None and var error)
            return error;
        using (real)
            return GetStored(inode, real, stored, default, out _);
    }

    /// <summary>
    /// Whether a new access list takes set-gid from the file: the caller is not of its group. The kernel says so where it has the word for it
    /// (SETXATTR_EXT, Linux 5.12).
    /// </summary>
    private bool ClearsSetGid(in FuseRequest request, in SetXattrIn input, in RealName real)
    {
        if ((input.SetXattrFlags & SetXattrFlags.AclKillSgid) != 0 || _tellsSetGid)
            return (input.SetXattrFlags & SetXattrFlags.AclKillSgid) != 0;
        Errno error = Sys.StatxAt(real.Directory, real.Name, out Statx stat);
        if (error == Errno.None && _overrides is not null)
            error = _overrides.Apply(Inode.NoLayer, real.Directory, real.Name, ref stat, out _);
        return error != Errno.None || ((stat.Permissions & SetIds.SetGid) != 0 && !CallerProcess.MayKeepSetGid(request, ShownGid(stat)));
    }

    private static Errno ClearSetGid(in RealName real)
    {
        if (Sys.StatxAt(real.Directory, real.Name, out Statx stat, StatxMask.Mode) is not Errno.None and var error)
            return error;
        return (stat.Permissions & SetIds.SetGid) == 0
            ? Errno.None
            : Sys.FChModAt(real.Directory, real.Name, stat.Permissions & ~SetIds.SetGid);
    }

    private static void ForgetDefaultAcl(Inode inode, Name name)
    {
        if (inode.Directory is not null && name.Equals(DefaultAclXattr))
            inode.Directory.HasDefaultAcl = Known.NotYet;
    }
}
