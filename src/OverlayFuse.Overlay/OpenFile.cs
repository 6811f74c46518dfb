using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// The real file behind an inode that is open in the merged view: one descriptor for all its opens. Changed under the inode's open lock
/// (<see cref="OverlayFileSystem"/>); using it takes a reference only, so a read that runs while it is replaced ends undisturbed.
/// </summary>
internal sealed class OpenFile
{
    private SafeFd? _file;
    private volatile bool _writable;

    /// <summary>How many OPENs were not released yet.</summary>
    public int Count { get; set; }

    public bool TryBorrowForRead(out BorrowedFd fd)
    {
        while (Volatile.Read(ref _file) is { } shared)
        {
            if (!shared.TryAcquire())
                continue; // replaced meanwhile
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
    public void Set(Fd fd, bool writable)
    {
        Interlocked.Exchange(ref _file, new SafeFd(fd))?.Release();
        _writable = writable;
    }

    public void Close()
    {
        _writable = false;
        Interlocked.Exchange(ref _file, null)?.Release();
    }
}
