using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Names of the xattrs in which layers keep owners, modes and types that their files cannot have themselves. containers/storage and
/// fuse-overlayfs use the same names.
/// </summary>
internal static class OverrideXattr
{
    public static Name Containers => new("user.containers.override_stat\0"u8);

    /// <summary>The name that fuse-overlayfs up to 1.12 wrote.</summary>
    public static Name FuseOverlayfs => new("user.fuseoverlayfs.override_stat\0"u8);

    /// <summary>The name that only root can write, on files of every type.</summary>
    public static Name Privileged => new("security.fuseoverlayfs.override_stat\0"u8);

    /// <summary>True for the three names. In a view with such layers they are neither listed nor copied.</summary>
    public static bool IsPrivate(Name xattr) => xattr.Equals(Containers) || xattr.Equals(FuseOverlayfs) || xattr.Equals(Privileged);
}
