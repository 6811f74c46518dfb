using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Links;

/// <summary>
/// The index entry of an inode. With index=on each lower file with several links has one; with nfs_export=on, each file of a lower layer.
/// </summary>
/// <param name="name">In workdir/index, with a NUL behind it.</param>
internal sealed class IndexEntry(byte[] name)
{
    public Name Name => new(name);

    /// <summary>The merged view's number of links minus that of the upper inode. Changed under the lock of this object.</summary>
    public volatile int Delta;
}
