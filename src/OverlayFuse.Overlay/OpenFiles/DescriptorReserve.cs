using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// How the descriptors of the process (RLIMIT_NOFILE) are shared out. What clients hold is bounded: one more open is refused, so that lookups,
/// listings and changes of all others go on with the rest. The caches have no share of their own: when no descriptor is left, they give theirs up.
/// </summary>
/// <param name="directories">Can be opened again.</param>
/// <param name="idleFiles">Likewise.</param>
/// <param name="layers">How many descriptors the layers take.</param>
internal sealed class DescriptorReserve(DirectoryCache directories, FileCache idleFiles, int layers)
{
    /// <summary>The standard streams, the upper, work, index, and /dev/fuse for the first workers.</summary>
    private const int Resident = 16;

    /// <summary>
    /// How often a call that finds no descriptor of the process is tried again, and waits for a millisecond if there is nothing to give up: other workers
    /// need theirs for a moment only.
    /// </summary>
    private const int MostTries = 100;

    /// <summary>The same where the whole system has none (ENFILE): what we give up others take, and how long they keep it nobody knows.</summary>
    private const int MostTriesOfSystem = 3;

    private readonly long _mostHeld = MostHeld(layers);
    private readonly long _mostPinned = MostHeld(layers) + Reserve / 2;
    private long _opens;

    /// <summary>What cannot be had back at once: files that clients hold, files without a name, files whose closing waits for a server.</summary>
    private long Held => Volatile.Read(ref _opens) + Inode.PinnedCount + idleFiles.Waiting;

    /// <summary>
    /// Whether one more file may be held that has lost its name. Refusing is for opens (<see cref="TryOpen"/>): who removes a name has not opened it, and most
    /// are let go at once. So this goes on after that limit, into half of the reserve; the other half is for what requests need for a moment.
    /// </summary>
    public bool HasRoom => Held < _mostPinned;

    /// <summary>Begins to hold a file open for a client; <see cref="Close"/> ends it.</summary>
    /// <returns>False when clients hold all that they may: answer ENFILE.</returns>
    public bool TryOpen()
    {
        _ = Interlocked.Increment(ref _opens); // counted first: two that come at once do not both get the last one
        if (Held <= _mostHeld)
            return true;
        Close();
        return false;
    }

    public void Close() => _ = Interlocked.Decrement(ref _opens); // how many are left does not matter here

    /// <summary>Called where a descriptor is not to be had (<see cref="Sys.OnNoDescriptors"/>). The caller may hold any lock but a leaf.</summary>
    /// <param name="error">EMFILE or ENFILE.</param>
    /// <param name="failures">How often the call has failed.</param>
    /// <returns>Whether it is worth another try.</returns>
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

    /// <summary>What clients cannot hold by opening.</summary>
    private static long Reserve => Math.Clamp(Limit / 4, 16, 1024);

    private static long MostHeld(int layers) => Math.Max(4, Limit - layers - Resident - Reserve);
}
