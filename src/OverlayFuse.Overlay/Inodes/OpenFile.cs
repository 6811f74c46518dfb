using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// The real file behind an inode that is open in the merged view, or was read or written lately: one descriptor for all clients. The inode
/// owns it. Its open lock guards changes. A user takes a reference only, so a read ends undisturbed while the descriptor is replaced.
/// </summary>
internal sealed class OpenFile
{
    private SafeFd? _file;
    private volatile bool _writable;
    private volatile bool _isWrittenSince;
    private volatile Told? _told;

    /// <summary>The number of OPENs that were not released yet.</summary>
    public int Count { get; set; }

    public bool IsWritable => _writable;

    /// <summary>The descriptor appends and ignores the offset of a write, because the real file has chattr +a itself.</summary>
    public bool OnlyAppends { get; set; }

    /// <summary>
    /// The file that the kernel reads and writes itself; null if it sends requests. It stays the same from the first open to the last
    /// release.
    /// </summary>
    public BackingFile? Backing { get; private set; }

    /// <summary>The backing file lies in a lower layer.</summary>
    public bool IsBackedByLower { get; private set; }

    /// <summary>writeback=1: the time of change that the kernel has told last. Under the open lock.</summary>
    public TimeSpec? ToldTime
    {
        get => _told?.Time;
        set => _told = value is { } time ? new Told(time) : null;
    }

    /// <summary>True if there is a <see cref="ToldTime"/>. Without lock.</summary>
    public bool KnowsTime => _told is not null;

    /// <summary>Data were written after that time was set. Without lock.</summary>
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
            // The descriptor was replaced meanwhile.
            if (!shared.TryAcquire())
                continue;
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

    /// <summary>Replaces the descriptor, and owns the new one.</summary>
    public void Set(SafeFd file, bool writable)
    {
        Interlocked.Exchange(ref _file, file)?.Release();
        _writable = writable;
    }

    /// <summary>Closes the descriptor if it is still this one. The next user opens the file again.</summary>
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

    /// <summary>An object of its own, so that files of mounts without writeback=1 need no room for it.</summary>
    private sealed record Told(TimeSpec Time);
}
