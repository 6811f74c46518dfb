using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// The modes of an ordinary user's own directories. <see cref="OwnerWritable"/> widens one for a moment, which no reader is shown: a reader
/// that sees a mode in that moment looks again under the lock. Changes of a mode are made under the lock, so none is lost. The lock is a
/// leaf, but held over system calls.
/// </summary>
internal static class OwnerModes
{
    private static readonly object s_lock = new();
    private static int s_widened;
    private static int s_version;

    /// <summary>statx that never shows a widened mode.</summary>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">Its name; the empty name for the descriptor's own file.</param>
    /// <param name="stat">Its attributes.</param>
    /// <param name="mask">The needed attributes, the type among them.</param>
    public static Errno Statx(Fd directory, Name name, out Statx stat, StatxMask mask = StatxMask.BasicStats)
    {
        int version = Volatile.Read(ref s_version);
        Errno error = StatxOf(directory, name, out stat, mask);
        // The version is read after the mode. arm64 would change the order.
        Volatile.ReadBarrier();
        if (error != Errno.None || !stat.IsDirectory || ((version & 1) == 0 && version == Volatile.Read(ref s_version)))
            return error;
        lock (s_lock)
            return StatxOf(directory, name, out stat, mask);
    }

    /// <summary>Takes the lock. Until <see cref="Leave"/> no other thread changes a mode.</summary>
    public static void Enter() => Monitor.Enter(s_lock);

    public static void Leave() => Monitor.Exit(s_lock);

    /// <summary>Begins a moment with a widened mode. Under the lock. One thread may widen several at a time.</summary>
    public static void Widen()
    {
        if (s_widened++ == 0)
            // Odd from here on.
            _ = Interlocked.Increment(ref s_version);
    }

    /// <summary>Ends the moment: the mode is restored. Under the lock.</summary>
    public static void Restore()
    {
        if (--s_widened == 0)
            // Even again.
            _ = Interlocked.Increment(ref s_version);
    }

    private static Errno StatxOf(Fd directory, Name name, out Statx stat, StatxMask mask) =>
        name.Length == 0 ? Sys.FStatx(directory, out stat, mask) : Sys.StatxAt(directory, name, out stat, mask);
}

/// <summary>Holds the lock of <see cref="OwnerModes"/> while a request changes a directory's mode, by name or by descriptor.</summary>
internal readonly ref struct ModeChange
{
    private readonly bool _locked;

    /// <param name="isDirectory">True if the changed file is a directory. Modes of other files are never widened.</param>
    public ModeChange(bool isDirectory)
    {
        _locked = isDirectory && Sys.EffectiveUid != 0;
        if (_locked)
            OwnerModes.Enter();
    }

    public void Dispose()
    {
        if (_locked)
            OwnerModes.Leave();
    }
}
