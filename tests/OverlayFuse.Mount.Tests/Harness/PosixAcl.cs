using System.Buffers.Binary;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// The xattr form of POSIX access lists (linux/posix_acl_xattr.h): version 2, then tag, permissions and id of each entry.
/// </summary>
internal static class PosixAcl
{
    public const string AccessName = "system.posix_acl_access", DefaultName = "system.posix_acl_default";
    private const int Version = 2, EntrySize = 8;
    private const ushort UserObj = 1, User = 2, GroupObj = 4, Group = 8, Mask = 16, Other = 32;

    /// <summary>Encodes setfacl's short form, entries in canonical order; the result is a hexadecimal value.</summary>
    public static string Encode(string list)
    {
        string[] entries = list.Split(',');
        byte[] bytes = new byte[4 + EntrySize * entries.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, Version);
        for (int i = 0; i < entries.Length; i++) EncodeEntry(entries[i].Split(':'), bytes.AsSpan(4 + EntrySize * i));
        return "0x" + Convert.ToHexString(bytes);
    }

    /// <summary>The same list with other ids, users' and groups' alike; what is no list stays as it is.</summary>
    public static byte[] WithIds(byte[] list, Func<uint, uint> change)
    {
        if (list.Length % EntrySize != 4 || BinaryPrimitives.ReadInt32LittleEndian(list) != Version) return list;
        byte[] changed = [.. list];
        for (int at = 4; at < changed.Length; at += EntrySize)
        {
            Span<byte> id = changed.AsSpan(at + 4, 4);
            if (BinaryPrimitives.ReadUInt16LittleEndian(changed.AsSpan(at)) is User or Group)
                BinaryPrimitives.WriteUInt32LittleEndian(id, change(BinaryPrimitives.ReadUInt32LittleEndian(id)));
        }
        return changed;
    }

    public static bool IsName(string xattr) => xattr is AccessName or DefaultName;

    private static void EncodeEntry(string[] fields, Span<byte> bytes)
    {
        bool named = fields[1].Length > 0;
        ushort tag = fields[0] switch { "u" => named ? User : UserObj, "g" => named ? Group : GroupObj, "m" => Mask, _ => Other };
        int permissions = (fields[2][0] == 'r' ? 4 : 0) | (fields[2][1] == 'w' ? 2 : 0) | (fields[2][2] == 'x' ? 1 : 0);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, tag);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[2..], (ushort)permissions);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], named ? (uint)Values.Number(fields[1]) : uint.MaxValue);
    }
}
