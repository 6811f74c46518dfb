using System.Buffers.Binary;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// Ids within POSIX ACLs. They are mapped as owners are; so does the kernel on idmapped mounts (posix_acl_from_xattr,
/// vfs_posix_acl_to_xattr). An ACL xattr is a version word, then entries of tag, permissions (16 bits each) and id (32 bits),
/// little-endian.
/// </summary>
internal static class AclIds
{
    private const int HeaderSize = 4;
    private const int EntrySize = 8;
    private const int PermissionsOffset = 2;
    private const int IdOffset = 4;
    private const ushort ACL_USER_OBJ = 0x01;
    private const ushort ACL_USER = 0x02;
    private const ushort ACL_GROUP_OBJ = 0x04;
    private const ushort ACL_GROUP = 0x08;
    private const ushort ACL_MASK = 0x10;
    private const ushort ACL_OTHER = 0x20;

    /// <summary>
    /// The kernel reads an id so that has no place in the daemon's user namespace. It takes no ACL with such an id (posix_acl_valid).
    /// </summary>
    private const uint Stranger = uint.MaxValue;

    private delegate bool Mapper(uint id, out uint mapped);

    public static Name AccessXattr => new("system.posix_acl_access\0"u8);

    public static Name DefaultXattr => new("system.posix_acl_default\0"u8);

    /// <summary>True for an access or default ACL.</summary>
    public static bool IsAcl(Name xattr) => xattr.StartsWith("system.posix_acl_"u8);

    /// <summary>Turns ids on disk into those that the mount shows. An id that the map leaves out becomes "nobody".</summary>
    public static void Show(Span<byte> acl, ShownIds ids) => _ = TryMap(acl, ids.TryToShownUid, ids.TryToShownGid);

    /// <summary>Turns a caller's ids into those on disk.</summary>
    /// <returns>False if the map leaves an id out: answer EINVAL (posix_acl_valid).</returns>
    public static bool TryStore(Span<byte> acl, ShownIds ids) => TryMap(acl, ids.TryToDiskUid, ids.TryToDiskGid);

    /// <summary>The permission bits that an ACL stands for: of the owner, of its mask or else the group, of others.</summary>
    /// <param name="acl">The ACL.</param>
    /// <param name="permissions">The permission bits until now.</param>
    public static uint PermissionsOf(ReadOnlySpan<byte> acl, uint permissions)
    {
        bool hasMask = false;
        for (int at = HeaderSize; at + EntrySize <= acl.Length; at += EntrySize)
        {
            ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(acl[at..]);
            hasMask |= tag == ACL_MASK;
            int shift = tag switch
            {
                ACL_USER_OBJ => 6,
                ACL_GROUP_OBJ when !hasMask => 3,
                ACL_MASK => 3,
                ACL_OTHER => 0,
                _ => -1,
            };
            if (shift >= 0)
                permissions = (permissions & ~(7u << shift)) | ((PermissionsAt(acl, at) & 7u) << shift);
        }
        return permissions;
    }

    /// <summary>Changes the permissions of the owner in an ACL.</summary>
    public static void SetOwnerPermissions(Span<byte> acl, uint permissions)
    {
        for (int at = HeaderSize; at + EntrySize <= acl.Length; at += EntrySize)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(acl[at..]) == ACL_USER_OBJ)
                BinaryPrimitives.WriteUInt16LittleEndian(acl[(at + PermissionsOffset)..], (ushort)permissions);
        }
    }

    /// <summary>
    /// Takes out the entries of ids that have no place in the daemon's user namespace. No caller gains a permission by it: a permission
    /// that such an entry denied is denied to all classes that its user or group could fall into.
    /// </summary>
    /// <param name="acl">The ACL.</param>
    /// <param name="narrows">True if another class loses a permission.</param>
    /// <returns>The new length.</returns>
    public static int WithoutStrangers(Span<byte> acl, out bool narrows)
    {
        narrows = false;
        uint mask = MaskOf(acl), others = 7, groups = 7;
        int kept = HeaderSize;
        for (int at = HeaderSize; at + EntrySize <= acl.Length; at += EntrySize)
        {
            Span<byte> entry = acl.Slice(at, EntrySize);
            ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(entry);
            if (tag is not (ACL_USER or ACL_GROUP) || BinaryPrimitives.ReadUInt32LittleEndian(entry[IdOffset..]) != Stranger)
            {
                entry.CopyTo(acl[kept..]);
                kept += EntrySize;
                continue;
            }
            uint allowed = BinaryPrimitives.ReadUInt16LittleEndian(entry[PermissionsOffset..]) & mask;
            others &= allowed;
            // A member of the taken group and of another one had the permissions of both.
            groups &= tag == ACL_USER ? allowed : 7;
        }
        if (kept + EntrySize > acl.Length)
            return acl.Length;
        narrows = Limit(acl[..kept], mask, others, groups);
        return kept;
    }

    /// <summary>
    /// Prepares the ACL of a copy. The kernel copies an ACL with all its entries. A daemon in a user namespace cannot write entries of ids
    /// without a place there, so their users and groups lose the permissions that the entries gave.
    /// </summary>
    /// <returns>EOVERFLOW for an entry that denied a permission, as for an owner without a place.</returns>
    public static Errno WithoutStrangers(byte[] acl, ref int length)
    {
        length = WithoutStrangers(acl.AsSpan(0, length), out bool narrows);
        return narrows ? Errno.EOVERFLOW : Errno.None;
    }

    private static bool Limit(Span<byte> acl, uint mask, uint others, uint groups)
    {
        bool narrows = false;
        for (int at = HeaderSize; at + EntrySize <= acl.Length; at += EntrySize)
        {
            ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(acl[at..]);
            uint limit = tag switch
            {
                ACL_OTHER => others,
                ACL_GROUP_OBJ or ACL_GROUP => groups | ~mask,
                _ => uint.MaxValue,
            };
            Span<byte> field = acl[(at + PermissionsOffset)..];
            ushort permissions = BinaryPrimitives.ReadUInt16LittleEndian(field);
            narrows |= (permissions & ~limit) != 0;
            BinaryPrimitives.WriteUInt16LittleEndian(field, (ushort)(permissions & limit));
        }
        return narrows;
    }

    private static uint MaskOf(ReadOnlySpan<byte> acl)
    {
        for (int at = HeaderSize; at + EntrySize <= acl.Length; at += EntrySize)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(acl[at..]) == ACL_MASK)
                return PermissionsAt(acl, at);
        }
        return 7;
    }

    private static uint PermissionsAt(ReadOnlySpan<byte> acl, int at) =>
        BinaryPrimitives.ReadUInt16LittleEndian(acl[(at + PermissionsOffset)..]);

    private static bool TryMap(Span<byte> acl, Mapper users, Mapper groups)
    {
        bool all = true;
        for (int at = HeaderSize; at + EntrySize <= acl.Length; at += EntrySize)
        {
            ushort tag = BinaryPrimitives.ReadUInt16LittleEndian(acl[at..]);
            if (tag is not (ACL_USER or ACL_GROUP))
                continue;
            Span<byte> id = acl.Slice(at + IdOffset, sizeof(uint));
            uint from = BinaryPrimitives.ReadUInt32LittleEndian(id);
            all &= tag == ACL_USER ? users(from, out uint to) : groups(from, out to);
            BinaryPrimitives.WriteUInt32LittleEndian(id, to);
        }
        return all;
    }
}
