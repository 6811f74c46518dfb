using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// What the kernel holds of files and has not sent: what programs stored into shared mappings (in every mode; without opens also of files that were closed
/// and of lower files), with writeback=1 what they wrote.
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>
    /// Has it sent, waits for it, and completes copies. Each file is dropped from the page cache: syncfs(2) begins to send all of them, but waits for none of
    /// a FUSE mount (wait_sb_inodes, Linux 6.16).
    /// </summary>
    public void CollectUnwritten()
    {
        if (_copyUp is null)
            return;
        foreach (Inode inode in _inodes.Snapshot())
        {
            if (inode is { Type: FileType.Regular, MayHavePages: true })
                _ = _notifier?.InvalidateInode(inode.Id, 0, 0); // ENOENT: the kernel has nothing cached
        }
        _copyUp.FinishAll();
    }
}
