namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// The place of a metacopy's data. A metacopy is an upper inode or a topmost lower one without data of its own (overlayfs.rst, "Metadata
/// only copy up").
/// </summary>
/// <param name="layer">The lower layer, or <see cref="Limits.NoLayer"/> for the first data-only layer that has the path.</param>
/// <param name="path">The path from the root of that layer, with a leading '/' and a NUL behind it.</param>
internal sealed class LowerData(ushort layer, byte[] path)
{
    public ushort Layer { get; } = layer;

    public byte[] Path { get; } = path;

    /// <summary>xattr "redirect" of the upper inode.</summary>
    public byte[]? Redirect { get; set; }
}
