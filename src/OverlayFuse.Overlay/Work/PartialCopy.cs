using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// A large lower file while it is copied up: what was written is in the copy, what was not copied yet is read from the lower file. The copy lies
/// in the work directory until it is whole (<c>CopyUp</c>), and has room on the disk for all of it from the beginning, so that what was
/// written once cannot fail for want of room later.
/// <para>Locking the object guards what is in the copy and its times; held over the copying of one block, below the lock of the inode.
/// Reads take no lock: a block goes one way only.</para>
/// </summary>
internal sealed class PartialCopy
{
    private const int BlockBits = 18;
    private const long BlockSize = 1L << BlockBits;

    private readonly SafeFd _lower;
    private readonly SafeFd _copy;
    private readonly bool[] _isCopied;
    private long _lowerLength;
    private long _length;
    private volatile Times? _shown;

    /// <summary>Starts with nothing copied.</summary>
    /// <param name="lower">The lower file, for reading; owned from here on.</param>
    /// <param name="copy">The copy, of the lower file's length; owned from here on.</param>
    /// <param name="stat">The lower file.</param>
    /// <param name="name">The copy's name in the work directory.</param>
    public PartialCopy(Fd lower, Fd copy, in Statx stat, byte[] name)
    {
        _lower = new SafeFd(lower);
        _copy = new SafeFd(copy);
        _lowerLength = _length = (long)stat.Size;
        _isCopied = new bool[(_length + BlockSize - 1) >> BlockBits];
        Lower = stat;
        _shown = new Times(stat.Atime, stat.Mtime);
        Name = name;
    }

    public Statx Lower { get; }

    /// <summary>The copy's name in the work directory.</summary>
    public byte[] Name { get; }

    /// <summary>The copy itself, for all but its data.</summary>
    public bool TryBorrow(out BorrowedFd copy) => TryBorrow(_copy, out copy);

    /// <summary>Opens the lower file once more: right for who began to read before there was a copy.</summary>
    public Errno OpenLower(OpenFlags flags, out Fd fd)
    {
        fd = Fd.None;
        if ((flags & (OpenFlags.AccessMode | OpenFlags.Truncate)) != OpenFlags.ReadOnly)
            return Errno.EROFS; // whatever went wrong, it does not reach a lower layer
        if (!TryBorrow(_lower, out BorrowedFd lower))
            return Errno.ESTALE;
        using (lower)
            return Sys.Reopen(lower, flags, out fd);
    }

    /// <summary>Reads from wherever the data are.</summary>
    /// <returns>ESTALE when the copy is whole: its file is read as any other.</returns>
    public Errno Read(Span<byte> data, long offset, out int count)
    {
        count = 0;
        if (!TryBorrow(_copy, out BorrowedFd copy))
            return Errno.ESTALE;
        using (copy)
        {
            if (!TryBorrow(_lower, out BorrowedFd lower))
                return Errno.ESTALE;
            using (lower)
            {
                while (count < data.Length)
                {
                    long at = offset + count, length = Volatile.Read(ref _length), lowerLength = Volatile.Read(ref _lowerLength);
                    if (at >= length)
                        return Errno.None;
                    long block = at >> BlockBits;
                    bool isBelow = at < lowerLength && !Volatile.Read(ref _isCopied[block]);
                    long end = Math.Min((block + 1) << BlockBits, isBelow ? Math.Min(length, lowerLength) : length);
                    int wanted = (int)Math.Min(end - at, data.Length - count);
                    Errno error = Sys.PRead(isBelow ? lower : copy, data.Slice(count, wanted), at, out int read);
                    count += read;
                    if (error != Errno.None || read == 0)
                        return error; // a short answer would mean the end of the file
                }
                return Errno.None;
            }
        }
    }

    /// <summary>Writes into the copy; blocks that are written in part are copied before.</summary>
    /// <returns>ESTALE when the copy is whole: its file is written as any other.</returns>
    public Errno Write(ReadOnlySpan<byte> data, long offset, out int count)
    {
        count = 0;
        if (!TryBorrow(_copy, out BorrowedFd copy))
            return Errno.ESTALE;
        using (copy)
        {
            lock (this)
            {
                long end = offset + data.Length;
                if (CopyEdge(offset, offset, end) is not Errno.None and var error)
                    return error;
                if (CopyEdge(end - 1, offset, end) is not Errno.None and var failed)
                    return failed;
                error = Sys.PWrite(copy, data, offset, out count);
                long written = offset + count;
                for (long block = (offset + BlockSize - 1) >> BlockBits; block < _isCopied.Length && EndOf(block) <= written; block++)
                    Volatile.Write(ref _isCopied[block], true);
                Volatile.Write(ref _length, Math.Max(_length, written));
                if (count < data.Length)
                    count = WholeBlocks(offset, count);
                return error == Errno.None ? NoteTimes() : error;
            }
        }
    }

    /// <summary>Cuts or extends. Under the lock.</summary>
    public Errno Truncate(long length)
    {
        if (!TryBorrow(_copy, out BorrowedFd copy))
            return Errno.ESTALE;
        using (copy)
        {
            if (Sys.FTruncate(copy, length) is not Errno.None and var error)
                return error;
        }
        Volatile.Write(ref _lowerLength, Math.Min(_lowerLength, length));
        Volatile.Write(ref _length, length);
        return NoteTimes();
    }

    /// <summary>Notes the times that a change has left: copying changes them too, which nobody shall see. Under the lock.</summary>
    public Errno NoteTimes()
    {
        if (_shown is null || !TryBorrow(_copy, out BorrowedFd copy))
            return Errno.None; // it is whole: its times are its own
        using (copy)
        {
            Errno error = Sys.FStatx(copy, out Statx stat);
            if (error == Errno.None)
                _shown = new Times(stat.Atime, stat.Mtime);
            return error;
        }
    }

    /// <summary>Puts the times that are to be seen into what was read of the copy.</summary>
    public void Correct(ref Statx stat)
    {
        if (_shown is not { } shown)
            return;
        stat.Atime = shown.Atime;
        stat.Mtime = shown.Mtime;
    }

    /// <summary>Copies the next block that is missing.</summary>
    /// <param name="from">Where to begin to look; where to go on.</param>
    /// <returns>ENODATA when none is missing any more; the copy then has its times, and is like any other file.</returns>
    public Errno CopyNext(ref long from)
    {
        lock (this)
        {
            long blocks = Math.Min(_isCopied.Length, (_lowerLength + BlockSize - 1) >> BlockBits);
            while (from < blocks && _isCopied[from])
                from++;
            return from < blocks ? CopyBlock(from) : Settle();
        }
    }

    /// <summary>Before it is renamed into the upper.</summary>
    public Errno Persist(WorkDirectory work) => work.Persist(_copy.Fd);

    /// <summary>Closes both files when their last users are done.</summary>
    public void Release()
    {
        _lower.Release();
        _copy.Release();
    }

    private Errno Settle()
    {
        if (_shown is not { } shown)
            return Errno.ENODATA;
        Errno error = Sys.UTimeNsAt(_copy.Fd, Linux.Name.Empty, shown.Atime.ToTimeSpec(), shown.Mtime.ToTimeSpec());
        if (error != Errno.None)
            return error;
        _shown = null;
        return Errno.ENODATA;
    }

    private long EndOf(long block) => Math.Min((block + 1) << BlockBits, _lowerLength);

    /// <summary>Copies the block at an end of what is to be written, unless all of it will be overwritten.</summary>
    private Errno CopyEdge(long at, long offset, long end)
    {
        long block = at >> BlockBits;
        bool isCovered = offset <= block << BlockBits && end >= EndOf(block);
        return at >= _lowerLength && block << BlockBits >= _lowerLength || _isCopied[block] || isCovered ? Errno.None : CopyBlock(block);
    }

    private Errno CopyBlock(long block)
    {
        Errno error = CopyUpData.CopyRange(default, _lower.Fd, _copy.Fd, block << BlockBits, EndOf(block));
        if (error == Errno.None)
            Volatile.Write(ref _isCopied[block], true);
        return error;
    }

    /// <summary>A write that ended early in a block that was to be covered: what it left there is not in the file.</summary>
    private int WholeBlocks(long offset, int count)
    {
        long last = (offset + count - 1) >> BlockBits;
        bool counts = count == 0 || last >= _isCopied.Length || _isCopied[last] || last << BlockBits >= _lowerLength;
        return counts ? count : (int)Math.Max(0, (last << BlockBits) - offset);
    }

    private static bool TryBorrow(SafeFd shared, out BorrowedFd fd)
    {
        bool held = shared.TryAcquire();
        fd = held ? new BorrowedFd(shared) : default;
        return held;
    }

    /// <summary>What stat(2) shows; replaced whole, for readers without the lock.</summary>
    private sealed record Times(StatxTime Atime, StatxTime Mtime);
}
