using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Owners;

/// <summary>Xattrs that hold ids or rights: ACLs, capabilities, and security.* that is kept under another name.</summary>
internal sealed partial class Ownership
{
    /// <summary>A name that stays ours: not there for a reader, EPERM for a writer.</summary>
    public bool IsReservedXattr(Name name) => _overrides is not null && (OverrideXattr.IsPrivate(name) || EscapedSecurity.IsReserved(name));

    public bool EscapesSecurity(ushort layer) => _overrides is not null && _overrides.EscapesSecurity(layer);

    /// <summary>lgetxattr(2), first under the escaped name.</summary>
    public Errno GetStored(ushort layer, in LayerName file, Name stored, Span<byte> value, out int length)
    {
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        if (EscapesSecurity(layer) && EscapedSecurity.TryStore(stored, buffer, out Name escaped))
        {
            Errno error = Sys.GetXattrAt(file.Directory, file.Name, escaped, value, out length);
            if (error != Errno.ENODATA)
                return error;
        }
        return Sys.GetXattrAt(file.Directory, file.Name, stored, value, out length);
    }

    /// <summary>lsetxattr(2) on an upper file, security.* under the escaped name where we may not set them or do not want to.</summary>
    public Errno SetStored(in LayerName file, Name stored, ReadOnlySpan<byte> value, XattrFlags flags)
    {
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        bool mayEscape = EscapedSecurity.TryStore(stored, buffer, out Name escaped) && _overrides is not null;
        if (!EscapesSecurity(Limits.NoLayer) || !mayEscape)
        {
            Errno error = Sys.SetXattrAt(file.Directory, file.Name, stored, value, flags);
            if (error != Errno.EPERM || !mayEscape || _overrides!.Activate() != Errno.None || !EscapesSecurity(Limits.NoLayer))
                return error;
        }
        Errno set = Sys.SetXattrAt(file.Directory, file.Name, escaped, value, flags);
        return set == Errno.EPERM ? Sys.SetXattrAt(file.Directory, file.Name, stored, value, flags) : set; // user.* is not for symlinks and devices
    }

    /// <summary>lremovexattr(2) on an upper file, under either name.</summary>
    public Errno RemoveStored(in LayerName file, Name stored)
    {
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        if (EscapesSecurity(Limits.NoLayer) && EscapedSecurity.TryStore(stored, buffer, out Name escaped))
        {
            Errno error = Sys.RemoveXattrAt(file.Directory, file.Name, escaped);
            if (error is not (Errno.ENODATA or Errno.EPERM)) // EPERM: user.* is not for symlinks and devices
                return error;
        }
        return Sys.RemoveXattrAt(file.Directory, file.Name, stored);
    }

    /// <summary>What the real file system does by itself to security.capability at every write, truncation and chown.</summary>
    public void DropEscapedCapability(Fd directory, Name name)
    {
        if (EscapesSecurity(Limits.NoLayer))
            _ = Sys.RemoveXattrAt(directory, name, EscapedSecurity.Capability); // most files have none
    }

    /// <summary>Whether ids are in this xattr, and a map is there to change them.</summary>
    public bool HoldsMappedIds(Name xattr) =>
        _ids is { HasMap: true } && (AclIds.IsAcl(xattr) || xattr.Equals(FileCapability.Xattr));

    /// <summary>A value with ids in it as the mount shows it.</summary>
    public Errno GetMapped(ushort layer, in LayerName file, Name xattr, Span<byte> value, out int length)
    {
        Span<byte> capability = stackalloc byte[FileCapability.MaxSize];
        bool isAcl = AclIds.IsAcl(xattr);
        Span<byte> read = isAcl ? value : capability;
        if (GetStored(layer, file, xattr, read, out length) is not Errno.None and var error)
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
    public Errno ToStoredIds(Name xattr, ref ReadOnlySpan<byte> value)
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

    /// <summary>An ACL was set: its classes are the permission bits (posix_acl_update_mode), and the shown ones are kept elsewhere.</summary>
    public Errno ShowAclMode(in LayerName file, ReadOnlySpan<byte> acl, bool clearsSetGid)
    {
        if (Sys.StatxAt(file.Directory, file.Name, out Statx own) is not Errno.None and var error)
            return error;
        Statx shown = own;
        if (_overrides!.Apply(Limits.NoLayer, file.Directory, file.Name, ref shown, out bool isKept) is not Errno.None and var unread)
            return unread;
        if (!isKept)
            return clearsSetGid ? ClearSetGid(file) : Errno.None;
        uint mode = (shown.Permissions & ~Permissions.Access) | AclIds.PermissionsOf(acl, shown.Permissions & Permissions.Access);
        shown.Mode = (ushort)((uint)shown.Type | (clearsSetGid ? mode & ~SetIds.SetGid : mode));
        return Settle(file.Directory, file.Name, own, shown);
    }

    /// <summary>An ACL is read: the file's own owner may always read and write it, the shown one perhaps not.</summary>
    public Errno ShowAclOwner(ushort layer, in LayerName file, Span<byte> acl)
    {
        if (acl.IsEmpty)
            return Errno.None;
        Errno error = Statx(layer, file.Directory, file.Name, out Statx shown);
        if (error == Errno.None)
            AclIds.SetOwnerPermissions(acl, shown.Permissions >> 6 & 7);
        return error;
    }

    public static Errno ClearSetGid(in LayerName file)
    {
        if (Sys.StatxAt(file.Directory, file.Name, out Statx stat, StatxMask.Mode) is not Errno.None and var error)
            return error;
        return (stat.Permissions & SetIds.SetGid) == 0
            ? Errno.None
            : Sys.FChModAt(file.Directory, file.Name, stat.Permissions & ~SetIds.SetGid);
    }

    /// <summary>Whether a new access list takes set-gid from the file: the caller is not of its group.</summary>
    public bool TakesSetGid(in FuseRequest request, in LayerName file)
    {
        Errno error = Sys.StatxAt(file.Directory, file.Name, out Statx stat);
        if (error == Errno.None)
            error = Show(Limits.NoLayer, file.Directory, file.Name, ref stat);
        return error != Errno.None || ((stat.Permissions & SetIds.SetGid) != 0 && !CallerProcess.MayKeepSetGid(request, Gid(stat.Gid)));
    }
}
