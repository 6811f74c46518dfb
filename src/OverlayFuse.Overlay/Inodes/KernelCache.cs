using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// What FUSE's kernel side has cached of inodes, and how it is told that this is no longer true. Before INIT it has cached nothing. It answers ENOENT
/// for an inode of which nothing is cached, which is no error here.
/// </summary>
internal sealed class KernelCache
{
    private FuseNotifier? _notifier;

    /// <summary>The session has begun.</summary>
    public void Attach(FuseNotifier notifier) => _notifier = notifier;

    /// <summary>Attributes have changed as a side effect of a request about something else.</summary>
    public void InvalidateAttributes(Inode inode) => _ = _notifier?.InvalidateAttributes(inode.Id);

    /// <summary>Drops the pages of a file from an offset on, after the kernel has sent those that were written; or the listing of a directory.</summary>
    /// <param name="inode">The inode.</param>
    /// <param name="from">Bytes.</param>
    public void InvalidateData(Inode inode, long from = 0) => _ = _notifier?.InvalidateInode(inode.Id, from, 0);

    /// <summary>The kernel looks every name up again before its next use (NOTIFY_INC_EPOCH, Linux 6.16).</summary>
    /// <returns>EOPNOTSUPP if the kernel cannot.</returns>
    public Errno ForgetNames() =>
        _notifier is null ? Errno.None : _notifier.IncrementEpoch() == Errno.EINVAL ? Errno.EOPNOTSUPP : Errno.None;
}
