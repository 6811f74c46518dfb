/// <summary>
/// Where the data of a file lie that has none of its own: its upper inode, or its topmost lower one, is a metacopy (overlayfs.rst,
/// "Metadata only copy up").
/// </summary>
/// <param name="layer">The lower layer; <see cref="Limits.NoLayer"/>: whichever data-only layer has the path.</param>
/// <param name="path">From the root of that layer, with a leading '/' and a NUL behind it.</param>
internal sealed class LowerData(ushort layer, byte[] path)
{
    public ushort Layer { get; } = layer;

    public byte[] Path { get; } = path;

    /// <summary>xattr "redirect" of the upper inode.</summary>
    public byte[]? Redirect { get; set; }
}
