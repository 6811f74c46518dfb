using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Operations;

/// <summary>SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR: the private namespace is escaped (fs/overlayfs/xattrs.c).</summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>SETXATTR_EXT was negotiated.</summary>
    private bool _tellsSetGid;

    /// <inheritdoc/>
    public Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length)
    {
        length = 0;
        if (_view.Options.NoXattrs)
            return Errno.ENOSYS; // the kernel never asks again
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (_view.Owners.IsReservedXattr(name))
            return Errno.ENODATA;
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        Errno error = _view.Xattrs.ToStored(name, buffer, out Name stored);
        if (error != Errno.None)
            return error;
        if ((error = _view.Files.Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        using (real)
            return _view.Owners.GetXattr(inode.RealLayer, real.At, stored, value, out length);
    }

    /// <inheritdoc/>
    public Errno SetXattr(in FuseRequest request, in SetXattrIn input, Name name, ReadOnlySpan<byte> value)
    {
        if (_view.Options.NoXattrs)
            return Errno.ENOSYS;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (_view.Owners.IsReservedXattr(name))
            return Errno.EPERM;
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        Errno error = _view.Xattrs.ToStored(name, buffer, out Name stored);
        if (error != Errno.None)
            return error;
        if ((error = _view.Owners.ToStoredIds(name, ref value)) != Errno.None)
            return error;
        if ((error = _protections.RequireUnprotected(inode, Protection.Any)) != Errno.None)
            return error;
        if ((error = _upper.Ensure(request, inode, CopyUp.NoData)) != Errno.None)
            return error;
        lock (inode.OpenLock) // not while a late write keeps the capability (WriteStored)
        {
            if ((error = _view.Files.Locate(inode, out FoundFile real)) != Errno.None)
                return error;
            using (real)
            using (new ModeChange(inode.IsDirectory)) // an ACL has a say in it
            {
                error = _view.Owners.SetStored(real.At, stored, value, input.Flags);
                // The kernel says AclKillSgid of default lists, too.
                if (error == Errno.None && name.Equals(AclIds.AccessXattr))
                    error = _view.Owners.AccessListChanged(real.At, value, ClearsSetGid(request, input, real.At));
            }
        }
        ForgetDefaultAcl(inode, name);
        return error;
    }

    /// <inheritdoc/>
    public Errno RemoveXattr(in FuseRequest request, Name name)
    {
        if (_view.Options.NoXattrs)
            return Errno.ENOSYS;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        if (_view.Owners.IsReservedXattr(name))
            return Errno.EPERM;
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        Errno error = _view.Xattrs.ToStored(name, buffer, out Name stored);
        if (error != Errno.None)
            return error;
        if ((error = _protections.RequireUnprotected(inode, Protection.Any)) != Errno.None)
            return error;
        if (!inode.HasUpper && (error = HasXattr(inode, stored)) != Errno.None)
            return error; // nothing to remove is no reason to copy up (ovl_xattr_set)
        if ((error = _upper.Ensure(request, inode, CopyUp.NoData)) != Errno.None)
            return error;
        lock (inode.OpenLock) // as above
        {
            if ((error = _view.Files.Locate(inode, out FoundFile real)) != Errno.None)
                return error;
            using (real)
            using (new ModeChange(inode.IsDirectory))
                error = _view.Owners.RemoveStored(real.At, stored);
        }
        ForgetDefaultAcl(inode, name);
        return error;
    }

    /// <inheritdoc/>
    public Errno ListXattr(in FuseRequest request, Span<byte> list, out int length)
    {
        length = 0;
        if (_view.Options.NoXattrs)
            return Errno.ENOSYS; // the kernel never asks again
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        Errno error = _view.Files.Locate(inode, out FoundFile real);
        if (error != Errno.None)
            return error;
        using (real)
        {
            error = Sys.ListXattrAt(real.Directory, real.Name, list, out length);
            if (error == Errno.ERANGE || (error == Errno.None && list.IsEmpty))
                return error; // the length before filtering: more than enough
        }
        if (error != Errno.None)
            return error == Errno.EOPNOTSUPP ? Errno.None : error;
        if ((error = CallerProcess.MaySeeTrusted(request, out bool seesTrusted)) != Errno.None)
            return error;
        length = _view.Xattrs.FilterList(list[..length], seesTrusted);
        return Errno.None;
    }

    private Errno HasXattr(Inode inode, Name stored)
    {
        Errno error = _view.Files.Locate(inode, out FoundFile real);
        if (error != Errno.None)
            return error;
        using (real)
            return _view.Owners.GetStored(inode.RealLayer, real.At, stored, default, out _);
    }

    /// <summary>
    /// Whether a new access list takes set-gid from the file: the caller is not of its group. The kernel says so where it has the word for it
    /// (SETXATTR_EXT, Linux 5.12).
    /// </summary>
    private bool ClearsSetGid(in FuseRequest request, in SetXattrIn input, in LayerName file) =>
        (input.SetXattrFlags & SetXattrFlags.AclKillSgid) != 0 || (!_tellsSetGid && _view.Owners.TakesSetGid(request, file));

    private static void ForgetDefaultAcl(Inode inode, Name name)
    {
        if (inode.Directory is not null && name.Equals(AclIds.DefaultXattr))
            inode.Directory.HasDefaultAcl = Known.NotYet;
    }
}
