namespace OverlayFuse.Overlay;

/// <summary>In which xattr a layer keeps owners, modes and types, as an xattr of that name on its root tells.</summary>
internal enum OverrideKind : byte
{
    /// <summary>In none: the files' own count.</summary>
    None,

    /// <summary>user.containers.override_stat.</summary>
    Containers,

    /// <summary>The same, and where it is missing user.fuseoverlayfs.override_stat, which fuse-overlayfs up to 1.12 wrote.</summary>
    FuseOverlayfs,

    /// <summary>security.fuseoverlayfs.override_stat: only root can write it, on files of every type.</summary>
    Privileged,
}

/// <summary>xattr_permissions=.</summary>
public enum XattrPermissions
{
    /// <summary>0: in the files themselves, as far as the disk lets us.</summary>
    None,

    /// <summary>1: in security.fuseoverlayfs.override_stat.</summary>
    Privileged,

    /// <summary>2: in user.containers.override_stat.</summary>
    User,
}
