using System.Collections.Concurrent;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Decides where idle files are closed. close(2) of a file on a FUSE or network file system waits for its server (fuse_flush, nfs_file_flush). If the server
/// hangs, the thread that closes hangs with it, whatever it was doing. Files of local disks are closed at once; each other file system has a
/// <see cref="FileCloser"/>, so that one that hangs does not hold up the others. Without locks.
/// </summary>
/// <param name="layers">The layers that the files are of.</param>
/// <param name="mostWaiting">How many files of one file system may wait, see <see cref="FileCloser.Help"/>.</param>
internal sealed class FileClosers(LayerStack layers, int mostWaiting)
{
    private const int MostRounds = 1000;

    /// <summary>ext4, XFS, btrfs, tmpfs, EROFS, squashfs, F2FS, ramfs, ISO 9660, FAT (linux/magic.h). Not overlayfs: it passes the flush on (ovl_flush).</summary>
    private static readonly long[] s_local =
        [0xEF53, 0x58465342, 0x9123683E, 0x01021994, 0xE0F5E1E2, 0x73717368, 0xF2F52010, 0x858458F6, 0x9660, 0x4D44];

    /// <summary>By st_dev; null for a local disk.</summary>
    private readonly ConcurrentDictionary<ulong, FileCloser?> _closers = new();

    private int _waiting;

    /// <summary>How many files are not closed yet, with those that threads close at this moment.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Whether close(2) of a file waits for nothing but the disk.</summary>
    /// <param name="type">The magic number of the file system's type.</param>
    public static bool IsLocal(long type) => s_local.Contains(type);

    /// <summary>Called by the closers.</summary>
    public void Count(int change) => _ = Interlocked.Add(ref _waiting, change); // the sum is read elsewhere

    /// <summary>Takes over a file that was just opened; whoever gives its last reference back does not wait for the file system's server.</summary>
    public SafeFd Own(Fd file)
    {
        if (layers.CloseAtOnce || CloserOf(file) is not { } closer)
            return new SafeFd(file);
        closer.Help();
        return closer.Own(file);
    }

    /// <summary>At the end of the mount: waits until the files are closed, but not for long. The threads do not keep the process.</summary>
    public void Await()
    {
        for (int round = 0; round < MostRounds && Waiting > 0; round++)
            Thread.Sleep(1);
    }

    private FileCloser? CloserOf(Fd file)
    {
        if (Sys.FStatxUnasked(file, out Statx stat, StatxMask.Type) != Errno.None)
            return null; // cannot fail for an open file
        if (_closers.TryGetValue(stat.Dev, out FileCloser? known))
            return known;
        bool isLocal = Sys.FStatFs(file, out StatFs about) == Errno.None && IsLocal(about.Type);
        return _closers.GetOrAdd(stat.Dev, isLocal ? null : new FileCloser(this, mostWaiting));
    }
}
