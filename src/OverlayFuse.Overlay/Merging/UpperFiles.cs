using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Merging;

/// <summary>What stands under names in upper directories. Under the lock of the names.</summary>
internal static class UpperFiles
{
    /// <summary>What stands under a name in an upper directory.</summary>
    public static Errno Stat(Fd upper, Name name, out Statx stat, out bool exists)
    {
        Errno error = Sys.StatxAt(upper, name, out stat);
        exists = error == Errno.None;
        return error == Errno.ENOENT ? Errno.None : error;
    }
}
