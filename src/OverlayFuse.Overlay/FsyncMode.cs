namespace OverlayFuse.Overlay;

/// <summary>The values of fsync=: the way of changes to the upper's disk. A volatile mount syncs nothing with any of them.</summary>
public enum FsyncMode
{
    /// <summary>
    /// The data of a copy reach the disk before its name. A file system that keeps this order by itself chooses the time
    /// (<c>WriteOrder</c>).
    /// </summary>
    Auto,

    /// <summary>
    /// fsync(2) brings data and attributes of a copied file to the disk before it gets its name. A later fdatasync(2) of the file becomes
    /// an fsync(2), because fdatasync does not bring the name to the disk (ext4 sees no change of the inode that the data need).
    /// </summary>
    Strict,

    /// <summary>fsync(2) and copy-up leave the time to the kernel. Unlike volatile, work gets no note of it.</summary>
    Off,
}
