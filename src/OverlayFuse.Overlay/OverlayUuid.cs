using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// xattr "uuid" on the upper root: 16 random bytes by which the kernel makes the file-system id of an overlay persistent. Written, as by
/// uuid=auto, at the first mount of an upper that nothing was copied up to yet, or at any with uuid=on (ovl_init_uuid_xattr).
/// </summary>
internal static class OverlayUuid
{
    public static void WriteTo(Layer upper, OverlayXattr xattrs, UuidMode mode)
    {
        Fd root = upper.Root.Fd;
        if (mode != UuidMode.Off && Sys.GetXattrAt(root, Name.Empty, xattrs.Uuid, default, out _) == Errno.ENODATA
            && (mode == UuidMode.On || Sys.GetXattrAt(root, Name.Empty, xattrs.Impure, default, out _) == Errno.ENODATA))
            _ = Sys.SetXattrAt(root, Name.Empty, xattrs.Uuid, Guid.NewGuid().ToByteArray()); // without one the id is not persistent
    }
}

/// <summary>What uuid= says.</summary>
public enum UuidMode
{
    /// <summary>A new overlay gets one.</summary>
    Auto,

    /// <summary>Every overlay gets one.</summary>
    On,

    /// <summary>off, null: none is written.</summary>
    Off,
}
