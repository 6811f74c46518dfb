using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// The real file behind an inode that is open in the merged view: one pair of descriptors for all its opens, so that one made before
/// a copy-up reads what is written after it. Guarded by locking the object; reading takes a reference only.
/// </summary>
internal sealed class OpenFile
{
    private SafeFd? _read;
    private SafeFd? _write;

    /// <summary>How many OPENs were not released yet.</summary>
    public int Count { get; set; }

    /// <summary>For reading; the writable one when there is one.</summary>
    public bool TryBorrowForRead(out BorrowedFd fd) => TryBorrow(ref _write, out fd) || TryBorrow(ref _read, out fd);

    public bool TryBorrowForWrite(out BorrowedFd fd) => TryBorrow(ref _write, out fd);

    /// <summary>Sets the descriptor for reading; owns it from here on.</summary>
    public void SetRead(Fd fd) => Replace(ref _read, fd);

    /// <summary>Sets the descriptor for reading and writing, of the upper file; the one of the lower file is closed.</summary>
    public void SetWrite(Fd fd)
    {
        Replace(ref _write, fd);
        Replace(ref _read, Fd.None);
    }

    /// <summary>Closes both.</summary>
    public void Close()
    {
        Replace(ref _write, Fd.None);
        Replace(ref _read, Fd.None);
    }

    private static bool TryBorrow(ref SafeFd? field, out BorrowedFd fd)
    {
        SafeFd? shared = Volatile.Read(ref field);
        while (shared is not null)
        {
            if (shared.TryAcquire())
            {
                fd = new BorrowedFd(shared);
                return true;
            }
            shared = Volatile.Read(ref field); // replaced meanwhile
        }
        fd = default;
        return false;
    }

    private static void Replace(ref SafeFd? field, Fd fd) =>
        Interlocked.Exchange(ref field, fd.IsOpen ? new SafeFd(fd) : null)?.Release();
}
