using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Merging;

/// <summary>Looks at names of upper directories. The caller holds the lock of the names.</summary>
internal static class UpperFiles
{
    /// <summary>Looks at a name in an upper directory. No error if it is not there.</summary>
    public static Errno Stat(Fd upper, Name name, out Statx stat, out bool exists)
    {
        Errno error = Sys.StatxAt(upper, name, out stat);
        exists = error == Errno.None;
        return error == Errno.ENOENT ? Errno.None : error;
    }
}
