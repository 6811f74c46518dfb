namespace OverlayFuse.Overlay.Layers;

/// <summary>Magic numbers of file systems (linux/magic.h), as statfs(2) gives them, and what follows from them.</summary>
internal static class FileSystemTypes
{
    public const long Ext4 = 0xEF53;
    public const long Xfs = 0x58465342;
    public const long Btrfs = 0x9123683E;
    public const long Erofs = 0xE0F5E1E2;
    public const long Tmpfs = 0x01021994;
    private const long Squashfs = 0x73717368;
    private const long Overlayfs = 0x794C7630;
    private const long F2fs = 0xF2F52010;
    private const long Ramfs = 0x858458F6;
    private const long Iso9660 = 0x9660;
    private const long Fat = 0x4D44;

    private static readonly long[] s_caseSensitive = [Ext4, Xfs, Btrfs, Erofs, Tmpfs, Squashfs, Overlayfs];

    /// <summary>Not overlayfs: it passes the flush on to its layers (ovl_flush).</summary>
    private static readonly long[] s_local = [Ext4, Xfs, Btrfs, Tmpfs, Erofs, Squashfs, F2fs, Ramfs, Iso9660, Fat];

    /// <summary>
    /// True if a name is found as it is listed, and under no other spelling, except in directories with the attribute casefold.
    /// </summary>
    public static bool IsCaseSensitive(long type) => s_caseSensitive.Contains(type);

    /// <summary>True if close(2) of a file waits for nothing but the disk.</summary>
    public static bool IsLocal(long type) => s_local.Contains(type);
}
