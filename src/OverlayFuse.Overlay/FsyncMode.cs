namespace OverlayFuse.Overlay;

/// <summary>fsync=: how the changes of the upper reach the disk. A mount that is volatile syncs nothing, whichever it has.</summary>
public enum FsyncMode
{
    /// <summary>The data of a copy are on the disk before its name is; when, is the file system's affair where it keeps that order (<c>WriteOrder</c>).</summary>
    Auto,

    /// <summary>
    /// Data and attributes of a copied file are on the disk before it has a name, by fsync(2). As the name comes after, fdatasync(2) of such a file would
    /// not bring it to the disk (ext4 then sees nothing of the inode that data need): it is fsync(2), too.
    /// </summary>
    Strict,

    /// <summary>fsync(2) and copy-up leave it to the kernel; unlike volatile nothing is noted in work.</summary>
    Off,
}
