using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// The real file behind an inode that is open in the merged view, or was read or written lately: one descriptor for all. Changed under the inode's open lock
/// (<c>OverlayFileSystem</c>); using it takes a reference only, so a read that runs while it is replaced ends undisturbed.
/// </summary>
internal sealed class OpenFile
{
    private SafeFd? _file;
    private volatile bool _writable;
    private volatile bool _isWrittenSince;
    private volatile Told? _told;

    /// <summary>How many OPENs were not released yet.</summary>
    public int Count { get; set; }

    public bool IsWritable => _writable;

    /// <summary>The descriptor appends, whatever offset a write has: the real file has chattr +a itself.</summary>
    public bool OnlyAppends { get; set; }

    /// <summary>By which the kernel reads and writes the file itself; null: by requests. The same from the first open to the last release.</summary>
    public BackingFile? Backing { get; private set; }

    /// <summary>The backing file lies in a lower layer.</summary>
    public bool IsBackedByLower { get; private set; }

    /// <summary>writeback=1: the time of change that the kernel shows, as far as it has told it. Under the open lock.</summary>
    public TimeSpec? ToldTime
    {
        get => _told?.Time;
        set => _told = value is { } time ? new Told(time) : null;
    }

    /// <summary>Whether there is a <see cref="ToldTime"/>; without lock.</summary>
    public bool KnowsTime => _told is not null;

    /// <summary>Something was written since that time was set; without lock.</summary>
    public bool IsWrittenSince
    {
        get => _isWrittenSince;
        set => _isWrittenSince = value;
    }

    public void SetBacking(BackingFile? backing, bool isLower)
    {
        Backing = backing;
        IsBackedByLower = isLower;
    }

    public bool TryBorrowForRead(out BorrowedFd fd)
    {
        while (Volatile.Read(ref _file) is { } shared)
        {
            if (!shared.TryAcquire())
                continue; // replaced meanwhile
            shared.RecentlyUsed = true;
            fd = new BorrowedFd(shared);
            return true;
        }
        fd = default;
        return false;
    }

    public bool TryBorrowForWrite(out BorrowedFd fd)
    {
        fd = default;
        return _writable && TryBorrowForRead(out fd);
    }

    /// <summary>Replaces the descriptor; owns the new one.</summary>
    public void Set(SafeFd file, bool writable)
    {
        Interlocked.Exchange(ref _file, file)?.Release();
        _writable = writable;
    }

    /// <summary>Closes a descriptor, if it is still this one; who needs it opens it again.</summary>
    public void CloseIf(SafeFd file)
    {
        if (Interlocked.CompareExchange(ref _file, null, file) == file)
            file.Release();
    }

    public void Close()
    {
        _writable = false;
        Backing?.Dispose();
        Backing = null;
        IsBackedByLower = false;
        Interlocked.Exchange(ref _file, null)?.Release();
    }

    /// <summary>An object of its own: files of mounts without writeback=1 have no room for it.</summary>
    private sealed record Told(TimeSpec Time);
}
