using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Shares out the descriptors of the process (RLIMIT_NOFILE). Clients may hold a bounded number. The daemon refuses one more open, so that
/// lookups, listings and changes of all other clients go on. The caches have no share of their own: they give their descriptors up when
/// none is left. Without locks.
/// </summary>
/// <param name="directories">Real directories, which can be opened again.</param>
/// <param name="idleFiles">Idle files, which can be opened again.</param>
/// <param name="layers">The number of descriptors that the layers take.</param>
internal sealed class DescriptorReserve(DirectoryCache directories, FileCache idleFiles, int layers)
{
    /// <summary>For the standard streams, the upper, work, index, and /dev/fuse of the first workers.</summary>
    private const int Resident = 16;

    /// <summary>
    /// A call that finds no descriptor of the process is tried again this often. It waits for a millisecond if the caches have nothing to
    /// give up, because other workers need their descriptors for a moment only.
    /// </summary>
    private const int MostTries = 100;

    /// <summary>
    /// The same if the whole system has none (ENFILE). Other processes may take a descriptor that the caches give up, and keep it.
    /// </summary>
    private const int MostTriesOfSystem = 3;

    private readonly long _mostHeld = MostHeld(layers);
    private readonly long _mostPinned = MostHeld(layers) + Reserve / 2;
    private long _opens;

    /// <summary>
    /// Descriptors that do not come back at once: of files that clients hold, files without a name, files whose close waits for a server.
    /// </summary>
    private long Held => Volatile.Read(ref _opens) + Inode.PinnedCount + idleFiles.Waiting;

    /// <summary>
    /// True if the daemon may hold one more file that has lost its name. This limit is higher than that of <see cref="TryOpen"/>: the
    /// caller that removes a name has not opened the file, and most such files are forgotten at once. It goes into half of the reserve.
    /// Requests need the other half for a moment.
    /// </summary>
    public bool HasRoom => Held < _mostPinned;

    /// <summary>Begins to hold a file open for a client. <see cref="Close"/> ends it.</summary>
    /// <returns>False if clients hold all files that they may. The caller answers ENFILE.</returns>
    public bool TryOpen()
    {
        // Counts first, so that of two opens at the same time only one gets the last place.
        _ = Interlocked.Increment(ref _opens);
        if (Held <= _mostHeld)
            return true;
        Close();
        return false;
    }

    /// <summary>Ends what <see cref="TryOpen"/> began. The new number does not matter here.</summary>
    public void Close() => _ = Interlocked.Decrement(ref _opens);

    /// <summary>
    /// Gives descriptors up for a call that found none (<see cref="Sys.OnNoDescriptors"/>). The caller may hold any lock but a leaf.
    /// </summary>
    /// <param name="error">EMFILE or ENFILE.</param>
    /// <param name="failures">The number of times that the call has failed.</param>
    /// <returns>True if the call is worth another try.</returns>
    public bool Relieve(Errno error, int failures)
    {
        if (failures > (error == Errno.ENFILE ? MostTriesOfSystem : MostTries))
            return false;
        bool any = directories.TryShrink();
        any |= idleFiles.TryCloseAll();
        if (!any)
            Thread.Sleep(1);
        return true;
    }

    private static long Limit => (long)Math.Min(Sys.OpenFilesLimit, int.MaxValue);

    /// <summary>Descriptors that clients cannot take by an open.</summary>
    private static long Reserve => Math.Clamp(Limit / 4, 16, 1024);

    private static long MostHeld(int layers) => Math.Max(4, Limit - layers - Resident - Reserve);
}
