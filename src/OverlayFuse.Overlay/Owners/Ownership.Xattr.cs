using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Owners;

/// <summary>Xattrs that hold ids or rights: ACLs, capabilities, and security.* that layers keep under another name.</summary>
internal abstract partial class Ownership
{
    /// <summary>True for a name that the program keeps for itself: answer ENODATA to a reader, EPERM to a writer.</summary>
    public abstract bool IsReservedXattr(Name name);

    /// <summary>An xattr of a file as the mount shows it.</summary>
    /// <returns>ENODATA for an ACL where the layer has no ACLs: for EOPNOTSUPP the VFS would refuse access.</returns>
    public Errno GetXattr(ushort layer, in LayerName file, Name stored, Span<byte> value, out int length)
    {
        Errno error = HoldsMappedIds(stored)
            ? GetMapped(layer, file, stored, value, out length)
            : GetStored(layer, file, stored, value, out length);
        if (!AclIds.IsAcl(stored))
            return error;
        if (error != Errno.None)
            return error == Errno.EOPNOTSUPP ? Errno.ENODATA : error;
        if (length <= value.Length)
            length = AclIds.WithoutStrangers(value[..length], out _);
        return stored.Equals(AclIds.AccessXattr) ? ShowAclOwner(layer, file, value[..Math.Min(value.Length, length)]) : Errno.None;
    }

    /// <summary>An xattr of a file, with ids as on disk.</summary>
    public abstract Errno GetStored(ushort layer, in LayerName file, Name stored, Span<byte> value, out int length);

    /// <summary>Sets an xattr of an upper file, with ids as on disk.</summary>
    public abstract Errno SetStored(in LayerName file, Name stored, ReadOnlySpan<byte> value, XattrFlags flags);

    /// <summary>Removes an xattr of an upper file.</summary>
    public abstract Errno RemoveStored(in LayerName file, Name stored);

    /// <summary>
    /// Removes a security.capability that layers keep under another name. The real file system does so with its own at every write,
    /// truncation and chown.
    /// </summary>
    public abstract void DropEscapedCapability(Fd directory, Name name);

    /// <summary>True if the file has a security.capability that the real file system drops at a write.</summary>
    public abstract bool WriteDropsCapability(Fd file);

    /// <summary>Changes the ids in a value that a caller sets to those on disk.</summary>
    /// <returns>EINVAL for an id that the map leaves out.</returns>
    public Errno ToStoredIds(Name xattr, ref ReadOnlySpan<byte> value)
    {
        if (!HoldsMappedIds(xattr))
            return Errno.None;
        byte[] stored = new byte[Math.Max(value.Length, FileCapability.MaxSize)];
        int length = value.Length;
        value.CopyTo(stored);
        bool known = AclIds.IsAcl(xattr)
            ? AclIds.TryStore(stored.AsSpan(0, length), ids)
            : FileCapability.TryStore(stored, ref length, ids);
        value = stored.AsSpan(0, length);
        return known ? Errno.None : Errno.EINVAL;
    }

    /// <summary>Adapts the mode of a file to the access ACL that it has got (posix_acl_update_mode).</summary>
    /// <param name="file">The upper file.</param>
    /// <param name="acl">The ACL, with ids as on disk.</param>
    /// <param name="clearsSetGid">True if the file loses set-gid.</param>
    public abstract Errno AccessListChanged(in LayerName file, ReadOnlySpan<byte> acl, bool clearsSetGid);

    /// <summary>True if a new access ACL takes set-gid from the file: the caller is not of its group.</summary>
    public bool TakesSetGid(in FuseRequest request, in LayerName file)
    {
        Errno error = Sys.StatxAt(file.Directory, file.Name, out Statx stat);
        if (error == Errno.None)
            error = Show(Limits.NoLayer, file.Directory, file.Name, ref stat);
        return error != Errno.None || ((stat.Permissions & SetIds.SetGid) != 0 && !MayKeepSetGid(request, stat));
    }

    /// <summary>Gives an access ACL that is read the permissions of the shown owner.</summary>
    protected abstract Errno ShowAclOwner(ushort layer, in LayerName file, Span<byte> acl);

    protected static Errno ClearSetGid(in LayerName file)
    {
        Errno error;
        if ((error = Sys.StatxAt(file.Directory, file.Name, out Statx stat, StatxMask.Mode)) != Errno.None)
            return error;
        return (stat.Permissions & SetIds.SetGid) == 0
            ? Errno.None
            : Sys.FChModAt(file.Directory, file.Name, stat.Permissions & ~SetIds.SetGid);
    }

    private bool HoldsMappedIds(Name xattr) => ids.HasMap && (AclIds.IsAcl(xattr) || xattr.Equals(FileCapability.Xattr));

    private Errno GetMapped(ushort layer, in LayerName file, Name xattr, Span<byte> value, out int length)
    {
        Span<byte> capability = stackalloc byte[FileCapability.MaxSize];
        bool isAcl = AclIds.IsAcl(xattr);
        Errno error;
        if ((error = GetStored(layer, file, xattr, isAcl ? value : capability, out length)) != Errno.None)
            return error;
        if (isAcl)
        {
            AclIds.Show(value[..Math.Min(value.Length, length)], ids);
            return Errno.None;
        }
        FileCapability.Show(capability, ref length, ids);
        if (value.Length < length)
            return value.IsEmpty ? Errno.None : Errno.ERANGE;
        capability[..length].CopyTo(value);
        return Errno.None;
    }
}
