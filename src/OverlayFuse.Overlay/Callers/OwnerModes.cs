using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// The modes of an ordinary user's own directories, of which <see cref="OwnerWritable"/> widens one for a moment. Nobody is shown that moment: who sees a mode
/// in it looks again under the lock. No change of a mode is lost in it: it is made under the lock. A leaf, but held over system calls.
/// </summary>
internal static class OwnerModes
{
    private static readonly object s_lock = new();
    private static int s_widened;
    private static int s_version;

    /// <summary>statx that never shows a widened mode.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="name">The empty name for the descriptor's own file.</param>
    /// <param name="stat">Its attributes.</param>
    /// <param name="mask">Which are needed; the type among them.</param>
    public static Errno Statx(Fd directory, Name name, out Statx stat, StatxMask mask = StatxMask.BasicStats)
    {
        int version = Volatile.Read(ref s_version);
        Errno error = StatxOf(directory, name, out stat, mask);
        if (error != Errno.None || !stat.IsDirectory || ((version & 1) == 0 && version == Volatile.Read(ref s_version)))
            return error;
        lock (s_lock)
            return StatxOf(directory, name, out stat, mask);
    }

    /// <summary>Keeps modes as they are, but for the caller's own changes, until <see cref="Leave"/>.</summary>
    public static void Enter() => Monitor.Enter(s_lock);

    public static void Leave() => Monitor.Exit(s_lock);

    /// <summary>A mode is going to be widened; under the lock. Several may be at a time, by one thread.</summary>
    public static void Widen()
    {
        if (s_widened++ == 0)
            _ = Interlocked.Increment(ref s_version); // odd from here on
    }

    /// <summary>A mode is again what it was; under the lock.</summary>
    public static void Restore()
    {
        if (--s_widened == 0)
            _ = Interlocked.Increment(ref s_version); // even again
    }

    private static Errno StatxOf(Fd directory, Name name, out Statx stat, StatxMask mask) =>
        name.Length == 0 ? Sys.FStatx(directory, out stat, mask) : Sys.StatxAt(directory, name, out stat, mask);
}

/// <summary>Holds the lock of <see cref="OwnerModes"/> while a directory's mode is changed for a client, by name or by descriptor.</summary>
internal readonly ref struct ModeChange
{
    private readonly bool _locked;

    /// <param name="inode">What is changed; other files are never widened.</param>
    public ModeChange(Inode inode)
    {
        _locked = inode.IsDirectory && Sys.EffectiveUid != 0;
        if (_locked)
            OwnerModes.Enter();
    }

    public void Dispose()
    {
        if (_locked)
            OwnerModes.Leave();
    }
}
