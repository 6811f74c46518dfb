using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Operations;

/// <summary>xattrs of an overlay whose layers keep owners in xattrs: see <see cref="StatOverrides"/> and <see cref="EscapedSecurity"/>.</summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>A name that stays ours: not there for a reader, EPERM for a writer.</summary>
    private bool IsReservedXattr(Name name) => _overrides is not null && (StatOverrides.IsPrivate(name) || EscapedSecurity.IsReserved(name));

    private bool EscapesSecurity(ushort layer) => _overrides is not null && _overrides.EscapesSecurity(layer);

    /// <summary>lgetxattr(2), first under the escaped name.</summary>
    private Errno GetStored(Inode inode, in RealName real, Name stored, Span<byte> value, out int length)
    {
        Span<byte> buffer = stackalloc byte[StoredNameSize];
        if (EscapesSecurity(inode.RealLayer) && EscapedSecurity.TryStore(stored, buffer, out Name escaped))
        {
            Errno error = Sys.GetXattrAt(real.Directory, real.Name, escaped, value, out length);
            if (error != Errno.ENODATA)
                return error;
        }
        return Sys.GetXattrAt(real.Directory, real.Name, stored, value, out length);
    }

    /// <summary>lsetxattr(2) on an upper file, security.* under the escaped name where we may not set them or do not want to.</summary>
    private Errno SetStored(in RealName real, Name stored, ReadOnlySpan<byte> value, XattrFlags flags)
    {
        Span<byte> buffer = stackalloc byte[StoredNameSize];
        bool mayEscape = EscapedSecurity.TryStore(stored, buffer, out Name escaped) && _overrides is not null;
        if (!EscapesSecurity(Inode.NoLayer) || !mayEscape)
        {
            Errno error = Sys.SetXattrAt(real.Directory, real.Name, stored, value, flags);
            if (error != Errno.EPERM || !mayEscape || _overrides!.Activate() != Errno.None || !EscapesSecurity(Inode.NoLayer))
                return error;
        }
        Errno set = Sys.SetXattrAt(real.Directory, real.Name, escaped, value, flags);
        return set == Errno.EPERM ? Sys.SetXattrAt(real.Directory, real.Name, stored, value, flags) : set; // user.* is not for symlinks and devices
    }

    /// <summary>lremovexattr(2) on an upper file, under either name.</summary>
    private Errno RemoveStored(in RealName real, Name stored)
    {
        Span<byte> buffer = stackalloc byte[StoredNameSize];
        if (EscapesSecurity(Inode.NoLayer) && EscapedSecurity.TryStore(stored, buffer, out Name escaped))
        {
            Errno error = Sys.RemoveXattrAt(real.Directory, real.Name, escaped);
            if (error is not (Errno.ENODATA or Errno.EPERM)) // EPERM: user.* is not for symlinks and devices
                return error;
        }
        return Sys.RemoveXattrAt(real.Directory, real.Name, stored);
    }

    /// <summary>What the real file system does by itself to security.capability at every write, truncation and chown.</summary>
    private void DropEscapedCapability(Fd directory, Name name)
    {
        if (EscapesSecurity(Inode.NoLayer))
            _ = Sys.RemoveXattrAt(directory, name, EscapedSecurity.Capability); // most files have none
    }

    /// <summary>An ACL was set: its classes are the permission bits (posix_acl_update_mode), and the shown ones are kept elsewhere.</summary>
    private Errno ShowAclMode(in RealName real, ReadOnlySpan<byte> acl, bool clearsSetGid)
    {
        if (Sys.StatxAt(real.Directory, real.Name, out Statx own) is not Errno.None and var error)
            return error;
        Statx shown = own;
        if (_overrides!.Apply(Inode.NoLayer, real.Directory, real.Name, ref shown, out bool isKept) is not Errno.None and var unread)
            return unread;
        if (!isKept)
            return clearsSetGid ? ClearSetGid(real) : Errno.None;
        uint mode = (shown.Permissions & ~PermissionBits) | AclIds.PermissionsOf(acl, shown.Permissions & PermissionBits);
        shown.Mode = (ushort)((uint)shown.Type | (clearsSetGid ? mode & ~SetIds.SetGid : mode));
        return Settle(real.Directory, real.Name, own, shown);
    }

    /// <summary>An ACL is read: the file's own owner may always read and write it, the shown one perhaps not.</summary>
    private Errno ShowAclOwner(Inode inode, in RealName real, Span<byte> acl)
    {
        if (acl.IsEmpty)
            return Errno.None;
        Errno error = _files.Statx(inode, real.Directory, real.Name, out Statx shown);
        if (error == Errno.None)
            AclIds.SetOwnerPermissions(acl, shown.Permissions >> 6 & 7);
        return error;
    }
}
