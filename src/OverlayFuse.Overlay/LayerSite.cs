namespace OverlayFuse.Overlay;

/// <summary>The place of a layer as the checks have seen it.</summary>
/// <param name="RealPath">Its path in our mount namespace, without symbolic links.</param>
/// <param name="MountId">The id of its mount, as statx(2) gives it.</param>
/// <param name="Dev">Its file system.</param>
/// <param name="Ino">The inode number of its root.</param>
public sealed record LayerSite(string RealPath, ulong MountId, ulong Dev, ulong Ino);
