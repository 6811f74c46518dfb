using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// xattr "uuid" on the upper root: 16 random bytes by which the kernel makes the file-system id of an overlay persistent. Written, as by
/// uuid=auto, at the first mount of an upper that nothing was copied up to yet (ovl_init_uuid_xattr).
/// </summary>
internal static class OverlayUuid
{
    public static void WriteTo(Layer upper, OverlayXattr xattrs)
    {
        Fd root = upper.Root.Fd;
        if (Sys.GetXattrAt(root, Name.Empty, xattrs.Uuid, default, out _) == Errno.ENODATA
            && Sys.GetXattrAt(root, Name.Empty, xattrs.Impure, default, out _) == Errno.ENODATA)
            _ = Sys.SetXattrAt(root, Name.Empty, xattrs.Uuid, Guid.NewGuid().ToByteArray()); // without one the id is not persistent
    }
}
