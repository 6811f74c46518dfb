namespace OverlayFuse.Overlay.Owners;

/// <summary>The xattr in which a layer keeps owners, modes and types. An xattr of that name on the layer's root says so.</summary>
internal enum OverrideKind : byte
{
    /// <summary>No xattr: the files' own attributes count.</summary>
    None,

    /// <summary>user.containers.override_stat.</summary>
    Containers,

    /// <summary>The same; if it is missing, user.fuseoverlayfs.override_stat, which fuse-overlayfs up to 1.12 wrote.</summary>
    FuseOverlayfs,

    /// <summary>security.fuseoverlayfs.override_stat. Only root can write it, on files of every type.</summary>
    Privileged,
}
