using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Xattr "uuid" on the upper root: 16 random bytes by which the kernel makes the file-system id of an overlay persistent. uuid=auto writes
/// it at the first mount of an upper, if nothing has been copied up yet; uuid=on at any mount (ovl_init_uuid_xattr).
/// </summary>
internal static class OverlayUuid
{
    private const int Size = 16;

    public static void WriteTo(Layer upper, OverlayXattr xattrs, UuidMode mode)
    {
        Fd root = upper.Root.Fd;
        if (mode == UuidMode.Off && xattrs.IsUser)
            // The mark does no harm. It tells root's next mount that the marks are in user.* (UpperMarks).
            _ = Sys.SetXattrAt(root, Name.Empty, xattrs.Impure, "y"u8);
        bool isWanted = mode != UuidMode.Off && Sys.GetXattrAt(root, Name.Empty, xattrs.Uuid, default, out _) == Errno.ENODATA
            && (mode == UuidMode.On || Sys.GetXattrAt(root, Name.Empty, xattrs.Impure, default, out _) == Errno.ENODATA);
        Span<byte> uuid = stackalloc byte[Size];
        if (!isWanted || Sys.GetRandom(uuid) != Errno.None)
            return;
        // Version 4, variant 1 (uuid_gen).
        uuid[6] = (byte)((uuid[6] & 0x0F) | 0x40);
        uuid[8] = (byte)((uuid[8] & 0x3F) | 0x80);
        // Without the xattr the id is not persistent.
        _ = Sys.SetXattrAt(root, Name.Empty, xattrs.Uuid, uuid);
    }
}
