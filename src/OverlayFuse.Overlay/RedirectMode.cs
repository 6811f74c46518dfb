namespace OverlayFuse.Overlay;

/// <summary>The values of redirect_dir= (overlayfs.rst, "redirect_dir").</summary>
public enum RedirectMode
{
    /// <summary>
    /// Redirects lead to the lower part of a directory. The daemon makes none: renaming a lower directory fails with EXDEV. This is the
    /// default, as in the kernel.
    /// </summary>
    Follow,

    /// <summary>Redirects are followed. Renaming a directory that lower layers have makes one.</summary>
    On,

    /// <summary>Redirects are not followed: an entry with one fails with EPERM.</summary>
    NoFollow,
}
