using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// Tells FUSE's kernel side which cached data of inodes are no longer true. Before INIT the kernel has cached nothing. It answers ENOENT
/// for an inode without cached data, which is no error here.
/// </summary>
internal sealed class KernelCache
{
    private FuseNotifier? _notifier;
    private volatile bool _hasForgottenNames;

    /// <summary>The session has begun.</summary>
    public void Attach(FuseNotifier notifier) => _notifier = notifier;

    /// <summary>Drops the attributes of an inode that a request about another inode has changed.</summary>
    public void InvalidateAttributes(Inode inode) => _ = _notifier?.InvalidateAttributes(inode.Id);

    /// <summary>Drops the pages of a file from an offset on, or the listing of a directory. The kernel sends written pages first.</summary>
    /// <param name="inode">The inode.</param>
    /// <param name="from">The first byte.</param>
    public void InvalidateData(Inode inode, long from = 0) => _ = _notifier?.InvalidateInode(inode.Id, from, 0);

    /// <summary>True after <see cref="ForgetNames"/>: an inode that the kernel knows may have another name by now, or none.</summary>
    public bool HasForgottenNames => _hasForgottenNames;

    /// <summary>Makes the kernel look each name up again before its next use (NOTIFY_INC_EPOCH, Linux 6.16).</summary>
    /// <returns>EOPNOTSUPP if the kernel does not have it.</returns>
    public Errno ForgetNames()
    {
        _hasForgottenNames = true;
        return _notifier is null ? Errno.None : _notifier.IncrementEpoch() == Errno.EINVAL ? Errno.EOPNOTSUPP : Errno.None;
    }
}
