using System.Collections.Concurrent;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Picks the thread that closes an idle file. close(2) of a file on a FUSE or network file system waits for its server (fuse_flush,
/// nfs_file_flush). If the server hangs, the thread that closes hangs with it. So files of local disks are closed at once, and each other
/// file system has a <see cref="FileCloser"/>: one that hangs does not hold up the others. Without locks.
/// </summary>
/// <param name="layers">The layers of the files.</param>
/// <param name="mostWaiting">The number of files of one file system that may wait, see <see cref="FileCloser.Help"/>.</param>
internal sealed class FileClosers(LayerStack layers, int mostWaiting)
{
    private const int MostRounds = 1000;

    /// <summary>By st_dev; null for a local disk.</summary>
    private readonly ConcurrentDictionary<ulong, FileCloser?> _closers = new();

    private readonly UnclosedCount _waiting = new();

    /// <summary>The number of files that are not closed yet, with those that threads close at this moment.</summary>
    public int Waiting => _waiting.Files;

    /// <summary>
    /// Takes over a file that was just opened. The release of its last reference does not wait for the file system's server.
    /// </summary>
    public SafeFd Own(Fd file)
    {
        if (layers.CloseAtOnce || CloserOf(file) is not { } closer)
            return new SafeFd(file);
        closer.Help();
        return closer.Own(file);
    }

    /// <summary>
    /// Waits at the end of the mount until the files are closed, but not for long. The threads do not keep the process alive.
    /// </summary>
    public void Await()
    {
        for (int round = 0; round < MostRounds && Waiting > 0; round++)
            Thread.Sleep(1);
    }

    private FileCloser? CloserOf(Fd file)
    {
        // Does not happen to an open file.
        if (Sys.FStatxUnasked(file, out Statx stat, StatxMask.Type) != Errno.None)
            return null;
        if (_closers.TryGetValue(stat.Dev, out FileCloser? known))
            return known;
        bool isLocal = Sys.FStatFs(file, out StatFs about) == Errno.None && FileSystemTypes.IsLocal(about.Type);
        return _closers.GetOrAdd(stat.Dev, isLocal ? null : new FileCloser(_waiting, mostWaiting));
    }
}
