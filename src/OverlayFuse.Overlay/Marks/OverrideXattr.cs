using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Names of the xattrs in which layers keep owners, modes and types that their files cannot have themselves. containers/storage and fuse-overlayfs
/// use the same names.
/// </summary>
internal static class OverrideXattr
{
    public static Name Containers => new("user.containers.override_stat\0"u8);

    /// <summary>fuse-overlayfs up to 1.12 wrote this one.</summary>
    public static Name FuseOverlayfs => new("user.fuseoverlayfs.override_stat\0"u8);

    /// <summary>Only root can write it, on files of every type.</summary>
    public static Name Privileged => new("security.fuseoverlayfs.override_stat\0"u8);

    /// <summary>True for the three names: in a layer that keeps owners so, they are neither listed nor copied.</summary>
    public static bool IsPrivate(Name xattr) => xattr.Equals(Containers) || xattr.Equals(FuseOverlayfs) || xattr.Equals(Privileged);
}
