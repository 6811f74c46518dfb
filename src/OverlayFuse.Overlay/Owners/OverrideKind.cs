namespace OverlayFuse.Overlay.Owners;

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
