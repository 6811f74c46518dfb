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

    /// <summary>Tells if a real directory holds any entry, whiteouts included.</summary>
    public static Errno HoldsEntries(Fd parent, Name name, out bool holds)
    {
        holds = false;
        const OpenFlags flags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;
        Errno error = Sys.OpenAt(parent, name, flags, out Fd opened);
        if (error != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        Span<byte> records = stackalloc byte[1024];
        error = Sys.GetDents(directory, records, out int length);
        holds = new DirectoryRecords(records[..length]).MoveNext();
        return error;
    }
}
