using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// A large lower file during its copy-up. Written data are in the copy. Reads of blocks that are not copied yet go to the lower file.
/// <c>CopyUp</c> owns it. The copy lies in the work directory until it is whole. It has room on the disk for all its data from the
/// beginning, so that written data cannot fail later for want of room.
/// <para>The lock of the object guards the content of the copy and its times. It is held over the copy of one block, and comes after the
/// lock of the inode. Reads take no lock, because a block changes once only, from lower to copied.</para>
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
    /// <param name="lower">The lower file, for reading. The object owns it from here on.</param>
    /// <param name="copy">The copy, with the length of the lower file. The object owns it from here on.</param>
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

    /// <summary>Borrows the copy, for everything but its data.</summary>
    public bool TryBorrow(out BorrowedFd copy) => TryBorrow(_copy, out copy);

    /// <summary>Opens the lower file once more, for a reader that began before there was a copy.</summary>
    public Errno OpenLower(OpenFlags flags, out Fd fd)
    {
        fd = Fd.None;
        // A fault elsewhere must not reach a lower layer.
        if ((flags & (OpenFlags.AccessMode | OpenFlags.Truncate)) != OpenFlags.ReadOnly)
            return Errno.EROFS;
        if (!TryBorrow(_lower, out BorrowedFd lower))
            return Errno.ESTALE;
        using (lower)
            return Sys.Reopen(lower, flags, out fd);
    }

    /// <summary>Reads each block from the file that has its data.</summary>
    /// <returns>ESTALE if the copy is whole. The caller reads its file like any other.</returns>
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
                    // A short answer would mean the end of the file.
                    if (error != Errno.None || read == 0)
                        return error;
                }
                return Errno.None;
            }
        }
    }

    /// <summary>Writes into the copy. Blocks that the data cover in part are copied first.</summary>
    /// <returns>ESTALE if the copy is whole. The caller writes its file like any other.</returns>
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
                Errno error;
                if ((error = CopyEdge(offset, offset, end)) != Errno.None)
                    return error;
                if ((error = CopyEdge(end - 1, offset, end)) != Errno.None)
                    return error;
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

    /// <summary>Cuts or extends the file. Under the lock.</summary>
    public Errno Truncate(long length)
    {
        if (!TryBorrow(_copy, out BorrowedFd copy))
            return Errno.ESTALE;
        using (copy)
        {
            Errno error;
            if ((error = Sys.FTruncate(copy, length)) != Errno.None)
                return error;
        }
        Volatile.Write(ref _lowerLength, Math.Min(_lowerLength, length));
        Volatile.Write(ref _length, length);
        return NoteTimes();
    }

    /// <summary>
    /// Notes the times after a change. The copy of blocks changes them too, and stat(2) must not show that. Under the lock.
    /// </summary>
    public Errno NoteTimes()
    {
        // The copy is whole: its times are its own.
        if (_shown is null || !TryBorrow(_copy, out BorrowedFd copy))
            return Errno.None;
        using (copy)
        {
            Errno error = Sys.FStatx(copy, out Statx stat);
            if (error == Errno.None)
                _shown = new Times(stat.Atime, stat.Mtime);
            return error;
        }
    }

    /// <summary>Puts the noted times into the attributes of the copy.</summary>
    public void Correct(ref Statx stat)
    {
        if (_shown is not { } shown)
            return;
        stat.Atime = shown.Atime;
        stat.Mtime = shown.Mtime;
    }

    /// <summary>Copies the next missing block.</summary>
    /// <param name="from">The search begins at this block. The next search goes on there.</param>
    /// <returns>ENODATA if no block is missing. The copy then has its times, and is like any other file.</returns>
    public Errno CopyNext(ref long from)
    {
        lock (this)
        {
            long blocks = Math.Min(_isCopied.Length, (_lowerLength + BlockSize - 1) >> BlockBits);
            while (from < blocks && _isCopied[from])
                from++;
            return from < blocks ? CopyBlock(from) : SetFinalTimes();
        }
    }

    /// <summary>Persists the data before the copy is renamed into the upper.</summary>
    public Errno Persist(WorkDirectory work) => work.Persist(_copy.Fd);

    /// <summary>Closes both files when their last users are done.</summary>
    public void Release()
    {
        _lower.Release();
        _copy.Release();
    }

    private Errno SetFinalTimes()
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

    /// <summary>Copies the block at one end of the new data, unless the data overwrite all of it.</summary>
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

    /// <summary>
    /// Counts the bytes of a short write. Bytes in a block that is neither copied nor covered do not count, because reads of it go to the
    /// lower file.
    /// </summary>
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

    /// <summary>The times that stat(2) shows. The object is replaced as a whole, for readers without the lock.</summary>
    private sealed record Times(StatxTime Atime, StatxTime Mtime);
}
