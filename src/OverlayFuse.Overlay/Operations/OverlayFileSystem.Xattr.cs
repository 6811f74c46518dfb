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

/// <summary>SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR. Names in the private namespace are escaped (fs/overlayfs/xattrs.c).</summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>True if SETXATTR_EXT was negotiated.</summary>
    private bool _tellsSetGid;

    /// <inheritdoc/>
    public Errno GetXattr(in FuseRequest request, Name name, Span<byte> value, out int length)
    {
        length = 0;
        Errno error = FindXattr(request, name, stackalloc byte[Limits.StoredXattrName], out Inode inode, out Name stored);
        // A reserved name is not there for a reader.
        if (error != Errno.None)
            return error == Errno.EPERM ? Errno.ENODATA : error;
        if ((error = _view.Files.Locate(inode, out FoundFile real)) != Errno.None)
            return error;
        using (real)
            return _view.Owners.GetXattr(inode.RealLayer, real.At, stored, value, out length);
    }

    /// <inheritdoc/>
    public Errno SetXattr(in FuseRequest request, in SetXattrIn input, Name name, ReadOnlySpan<byte> value)
    {
        Errno error = FindXattr(request, name, stackalloc byte[Limits.StoredXattrName], out Inode inode, out Name stored);
        if (error != Errno.None)
            return error;
        if ((error = _view.Owners.ToStoredIds(name, ref value)) != Errno.None)
            return error;
        if ((error = _protections.RequireUnprotected(inode, Protection.Any)) != Errno.None)
            return error;
        if ((error = _upper.Ensure(request, inode, CopyUp.NoData)) != Errno.None)
            return error;
        // A late write that keeps the capability takes the same lock (WriteStored).
        lock (inode.OpenLock)
        {
            if ((error = _view.Files.Locate(inode, out FoundFile real)) != Errno.None)
                return error;
            using (real)
            // An access ACL changes the mode, too.
            using (new ModeChange(inode.IsDirectory))
            {
                error = _view.Owners.SetStored(real.At, stored, value, input.Flags);
                // The kernel sets AclKillSgid for default lists, too.
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
        Errno error = FindXattr(request, name, stackalloc byte[Limits.StoredXattrName], out Inode inode, out Name stored);
        if (error != Errno.None)
            return error;
        if ((error = _protections.RequireUnprotected(inode, Protection.Any)) != Errno.None)
            return error;
        // A file without the xattr is not copied up (ovl_xattr_set).
        if (!inode.HasUpper && (error = HasXattr(inode, stored)) != Errno.None)
            return error;
        if ((error = _upper.Ensure(request, inode, CopyUp.NoData)) != Errno.None)
            return error;
        // As above.
        lock (inode.OpenLock)
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
        // After ENOSYS the kernel never asks again.
        if (_view.Options.NoXattrs)
            return Errno.ENOSYS;
        if (_view.Inodes[request.Node] is not { } inode)
            return Errno.ESTALE;
        Errno error = _view.Files.Locate(inode, out FoundFile real);
        if (error != Errno.None)
            return error;
        using (real)
        {
            error = Sys.ListXattrAt(real.Directory, real.Name, list, out length);
            // The length before filtering is large enough.
            if (error == Errno.ERANGE || (error == Errno.None && list.IsEmpty))
                return error;
        }
        if (error != Errno.None)
            return error == Errno.EOPNOTSUPP ? Errno.None : error;
        if ((error = CallerProcess.MaySeeTrusted(request, out bool seesTrusted)) != Errno.None)
            return error;
        length = _view.Xattrs.FilterList(list[..length], seesTrusted);
        return Errno.None;
    }

    /// <summary>The inode of a request, and the name on disk of the xattr that it names.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">The xattr in the merged view.</param>
    /// <param name="buffer">At least <see cref="Limits.StoredXattrName"/> bytes.</param>
    /// <param name="inode">The inode; the root if there is an error.</param>
    /// <param name="stored">The name on disk, perhaps in the buffer.</param>
    /// <returns>ENOSYS with noxattrs: the kernel never asks again. EPERM for a reserved name, and for nothing else.</returns>
    private Errno FindXattr(in FuseRequest request, Name name, Span<byte> buffer, out Inode inode, out Name stored)
    {
        inode = _view.Inodes.Root;
        stored = name;
        if (_view.Options.NoXattrs)
            return Errno.ENOSYS;
        if (_view.Inodes[request.Node] is not { } found)
            return Errno.ESTALE;
        inode = found;
        return _view.Owners.IsReservedXattr(name) ? Errno.EPERM : _view.Xattrs.ToStored(name, buffer, out stored);
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
    /// True if a new access list takes set-gid from the file, because the caller is not in its group. With SETXATTR_EXT (Linux 5.12) the
    /// kernel tells it.
    /// </summary>
    private bool ClearsSetGid(in FuseRequest request, in SetXattrIn input, in LayerName file) =>
        (input.SetXattrFlags & SetXattrFlags.AclKillSgid) != 0 || (!_tellsSetGid && _view.Owners.TakesSetGid(request, file));

    private static void ForgetDefaultAcl(Inode inode, Name name)
    {
        if (inode.Directory is not null && name.Equals(AclIds.DefaultXattr))
            inode.Directory.HasDefaultAcl = Known.NotYet;
    }
}
