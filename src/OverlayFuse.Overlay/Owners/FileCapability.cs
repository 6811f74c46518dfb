using System.Buffers.Binary;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// security.capability (struct vfs_ns_cap_data). Revision 3 names the root of the user namespace where the capabilities hold; revision 2
/// means the root of the first. Under a map that root is mapped as an owner is, as the kernel does on idmapped mounts
/// (get_vfs_caps_from_disk, cap_convert_nscap). So a layer's capabilities hold in the container that it is mounted for.
/// </summary>
internal static class FileCapability
{
    /// <summary>Bytes of revision 3, the larger one.</summary>
    public const int MaxSize = 24;

    /// <summary>Bytes: room for the value of any revision, later ones too.</summary>
    public const int Room = 64;

    private const int Revision2Size = 20;
    private const uint RevisionMask = 0xFF000000;
    private const uint Revision2 = 0x02000000;
    private const uint Revision3 = 0x03000000;

    public static Name Xattr => new("security.capability\0"u8);

    /// <summary>Changes a value on disk to the one that the mount shows, in place.</summary>
    /// <param name="value">Room for <see cref="MaxSize"/> bytes.</param>
    /// <param name="length">The number of bytes in use.</param>
    /// <param name="ids">The map.</param>
    public static void Show(Span<byte> value, ref int length, ShownIds ids)
    {
        if (TryReadRoot(value[..length], out uint root) && ids.TryToShownUid(root, out uint shown))
            length = WriteRoot(value, shown);
    }

    /// <summary>Changes a caller's value to the one on disk, in place. A value of another form stays as it is.</summary>
    /// <returns>False for a root that the map leaves out.</returns>
    public static bool TryStore(Span<byte> value, ref int length, ShownIds ids)
    {
        if (!TryReadRoot(value[..length], out uint root))
            return true;
        if (!ids.TryToDiskUid(root, out uint disk))
            return false;
        length = WriteRoot(value, disk);
        return true;
    }

    private static bool TryReadRoot(ReadOnlySpan<byte> value, out uint root)
    {
        root = 0;
        uint revision = value.Length < sizeof(uint) ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(value) & RevisionMask;
        if (revision == Revision3 && value.Length == MaxSize)
            root = BinaryPrimitives.ReadUInt32LittleEndian(value[Revision2Size..]);
        return (revision, value.Length) is (Revision2, Revision2Size) or (Revision3, MaxSize);
    }

    private static int WriteRoot(Span<byte> value, uint root)
    {
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(value) & ~RevisionMask;
        BinaryPrimitives.WriteUInt32LittleEndian(value, flags | (root == 0 ? Revision2 : Revision3));
        if (root == 0)
            return Revision2Size;
        BinaryPrimitives.WriteUInt32LittleEndian(value[Revision2Size..], root);
        return MaxSize;
    }
}
