using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Owners;

/// <summary>Xattrs security.* under the names that any user can write, and ACLs of files whose mode is kept in an xattr.</summary>
internal sealed partial class KeptOwnership
{
    public override bool IsReservedXattr(Name name) => OverrideXattr.IsPrivate(name) || EscapedSecurity.IsReserved(name);

    public override Errno GetStored(ushort layer, in LayerName file, Name stored, Span<byte> value, out int length)
    {
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        if (overrides.EscapesSecurity(layer) && EscapedSecurity.TryStore(stored, buffer, out Name escaped))
        {
            Errno error = Sys.GetXattrAt(file.Directory, file.Name, escaped, value, out length);
            if (error != Errno.ENODATA)
                return error;
        }
        return Sys.GetXattrAt(file.Directory, file.Name, stored, value, out length);
    }

    /// <summary>
    /// Sets security.* under the escaped name if the upper keeps it so, or if the mounter may not set it under its own name.
    /// </summary>
    public override Errno SetStored(in LayerName file, Name stored, ReadOnlySpan<byte> value, XattrFlags flags)
    {
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        bool mayEscape = EscapedSecurity.TryStore(stored, buffer, out Name escaped);
        Errno error;
        if (!EscapesUpper || !mayEscape)
        {
            error = Sys.SetXattrAt(file.Directory, file.Name, stored, value, flags);
            if (error != Errno.EPERM || !mayEscape || overrides.Activate() != Errno.None || !EscapesUpper)
                return error;
        }
        error = Sys.SetXattrAt(file.Directory, file.Name, escaped, value, flags);
        // EPERM: symbolic links and devices take no xattr user.*.
        return error == Errno.EPERM ? Sys.SetXattrAt(file.Directory, file.Name, stored, value, flags) : error;
    }

    public override Errno RemoveStored(in LayerName file, Name stored)
    {
        Span<byte> buffer = stackalloc byte[Limits.StoredXattrName];
        if (EscapesUpper && EscapedSecurity.TryStore(stored, buffer, out Name escaped))
        {
            Errno error = Sys.RemoveXattrAt(file.Directory, file.Name, escaped);
            // EPERM: symbolic links and devices take no xattr user.*.
            if (error is not (Errno.ENODATA or Errno.EPERM))
                return error;
        }
        return Sys.RemoveXattrAt(file.Directory, file.Name, stored);
    }

    public override void DropEscapedCapability(Fd directory, Name name)
    {
        if (EscapesUpper)
            // Most files have none.
            _ = Sys.RemoveXattrAt(directory, name, EscapedSecurity.Capability);
    }

    public override bool WriteDropsCapability(Fd file) =>
        !EscapesUpper && Sys.FGetXattr(file, FileCapability.Xattr, default, out _) == Errno.None;

    public override Errno AccessListChanged(in LayerName file, ReadOnlySpan<byte> acl, bool clearsSetGid)
    {
        Errno error;
        if ((error = Sys.StatxAt(file.Directory, file.Name, out Statx own)) != Errno.None)
            return error;
        Statx shown = own;
        if ((error = overrides.Apply(Limits.NoLayer, file.Directory, file.Name, ref shown, out bool isKept)) != Errno.None)
            return error;
        if (!isKept)
            return clearsSetGid ? ClearSetGid(file) : Errno.None;
        uint mode = (shown.Permissions & ~Permissions.Access) | AclIds.PermissionsOf(acl, shown.Permissions & Permissions.Access);
        shown.Mode = (ushort)((uint)shown.Type | (clearsSetGid ? mode & ~SetIds.SetGid : mode));
        return Keep(file.Directory, file.Name, own, shown);
    }

    /// <summary>The file's own owner may always read and write it; the shown owner may have fewer permissions.</summary>
    protected override Errno ShowAclOwner(ushort layer, in LayerName file, Span<byte> acl)
    {
        if (acl.IsEmpty)
            return Errno.None;
        Errno error = Statx(layer, file.Directory, file.Name, out Statx shown);
        if (error == Errno.None)
            AclIds.SetOwnerPermissions(acl, shown.Permissions >> 6 & 7);
        return error;
    }

    private bool EscapesUpper => overrides.EscapesSecurity(Limits.NoLayer);
}
