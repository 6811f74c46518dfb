using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay;

/// <summary>Which file systems an upper can be put on, for texts of refusals.</summary>
public static class UpperAdvice
{
    /// <summary>tmpfs takes xattrs user.* since this version; trusted.* it has long had.</summary>
    private static readonly Version s_tmpfsWithUserXattrs = new(6, 6);

    /// <summary>"ext4, xfs, btrfs or tmpfs", where tmpfs can do it on the running kernel.</summary>
    public static string FileSystems() => FileSystems(!UserNamespace.IsRootOfFirst(), Environment.OSVersion.Version);

    /// <summary>The same for marks that are known to be user.overlay.*, or not.</summary>
    /// <param name="needsUserXattrs">Marks are xattrs user.overlay.*.</param>
    public static string FileSystems(bool needsUserXattrs) => FileSystems(needsUserXattrs, Environment.OSVersion.Version);

    /// <summary>The same for any kernel.</summary>
    /// <param name="needsUserXattrs">Marks are xattrs user.overlay.*.</param>
    /// <param name="kernel">Its version.</param>
    internal static string FileSystems(bool needsUserXattrs, Version kernel) => needsUserXattrs && kernel < s_tmpfsWithUserXattrs
        ? "ext4, xfs or btrfs (tmpfs takes no xattrs user.* before Linux 6.6)"
        : "ext4, xfs, btrfs or tmpfs";
}
