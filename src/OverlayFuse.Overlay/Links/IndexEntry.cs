using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Links;

/// <summary>The index entry of an inode: that of a lower file with several links, with index=on; of all that a lower layer has, with nfs_export=on.</summary>
/// <param name="name">In workdir/index, with a NUL behind it.</param>
internal sealed class IndexEntry(byte[] name)
{
    public Name Name => new(name);

    /// <summary>What the merged view's number of links is more than the upper inode's; changed under the lock of this object.</summary>
    public volatile int Delta;
}
