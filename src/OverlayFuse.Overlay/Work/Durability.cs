using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Work;

/// <summary>What fsync= and volatile leave of a program's wish that its changes reach the disk.</summary>
/// <param name="options">The options.</param>
internal sealed class Durability(OverlayOptions options)
{
    /// <summary>False if nothing is ever synced to disk.</summary>
    public bool IsWanted { get; } = options.Syncs;

    /// <returns>
    /// ENOSYS if nothing is ever synced. The kernel then sends no more requests of this kind, and tells callers that all is well
    /// (fuse_conn.no_fsync, no_fsyncdir, sync_fs).
    /// </returns>
    public Errno RequireWanted() => IsWanted ? Errno.None : Errno.ENOSYS;

    /// <summary>fsync(2) and fdatasync(2) of a file of the upper. With fsync=strict, fdatasync(2) syncs the attributes too.</summary>
    public Errno Sync(Fd file, bool dataOnly) =>
        IsWanted ? Sys.FSync(file, dataOnly && options.Fsync != FsyncMode.Strict) : Errno.None;

    /// <summary>fsync(2) of a directory of the upper.</summary>
    public Errno SyncDirectory(Fd directory, bool dataOnly) => IsWanted ? Sys.FSync(directory, dataOnly) : Errno.None;

    /// <summary>syncfs(2) of the upper's file system.</summary>
    public Errno SyncFileSystem(Fd root) => IsWanted ? Sys.SyncFs(root) : Errno.ENOSYS;
}
