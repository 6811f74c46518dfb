using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

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

    /// <summary>How often a call that finds no descriptor is tried again, and waits for a millisecond if there is nothing to give up.</summary>
    private const int MostTries = 100;

    private readonly long _mostHeld = MostHeld(layers);
    private long _opens;

    /// <summary>What cannot be had back at once: files that clients hold, files without a name, files whose closing waits for a server.</summary>
    private long Held => Volatile.Read(ref _opens) + Inode.PinnedCount + idleFiles.Waiting;

    /// <summary>Whether one more file may be held that has lost its name: as long as the limit of <see cref="TryOpen"/> is not reached.</summary>
    public bool HasRoom => Held < _mostHeld;

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
    /// <param name="failures">How often the call has failed.</param>
    /// <returns>Whether it is worth another try.</returns>
    public bool Relieve(int failures)
    {
        if (failures > MostTries)
            return false;
        bool any = directories.TryShrink();
        any |= idleFiles.TryCloseAll();
        if (!any)
            Thread.Sleep(1); // other workers need theirs for a moment only
        return true;
    }

    private static long MostHeld(int layers)
    {
        long limit = (long)Math.Min(Sys.OpenFilesLimit, int.MaxValue);
        return Math.Max(4, limit - layers - Resident - Math.Clamp(limit / 4, 16, 1024));
    }
}
