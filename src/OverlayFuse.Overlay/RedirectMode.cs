namespace OverlayFuse.Overlay;

/// <summary>What redirect_dir= says (overlayfs.rst, "redirect_dir").</summary>
public enum RedirectMode
{
    /// <summary>Redirects lead to the lower part of a directory; none is made: renaming a lower directory answers EXDEV. The default, as in the kernel.</summary>
    Follow,

    /// <summary>They are followed, and made by renaming directories that lower layers have.</summary>
    On,

    /// <summary>They are not followed: what has one answers EPERM.</summary>
    NoFollow,
}
