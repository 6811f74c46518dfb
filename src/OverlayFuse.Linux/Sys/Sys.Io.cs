using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    private const int F_OFD_GETLK = 36;
    private const int F_OFD_SETLK = 37;
    private const short F_RDLCK = 0;
    private const short F_WRLCK = 1;
    private const short F_UNLCK = 2;
    private const uint SYNC_FILE_RANGE_WAIT_BEFORE = 1, SYNC_FILE_RANGE_WRITE = 2, SYNC_FILE_RANGE_WAIT_AFTER = 4;

    /// <summary>pread(2).</summary>
    public static Errno PRead(Fd fd, Span<byte> data, long offset, out int count)
    {
        fixed (byte* to = data)
        {
            nint returned;
            do
                returned = Libc.pread(fd.Number, to, (nuint)data.Length, offset);
            while (returned < 0 && LastError() == Errno.EINTR);
            return Result(returned, out count);
        }
    }

    /// <summary>pwrite(2).</summary>
    public static Errno PWrite(Fd fd, ReadOnlySpan<byte> data, long offset, out int count)
    {
        fixed (byte* from = data)
        {
            nint returned;
            do
                returned = Libc.pwrite(fd.Number, from, (nuint)data.Length, offset);
            while (returned < 0 && LastError() == Errno.EINTR);
            return Result(returned, out count);
        }
    }

    /// <summary>write(2).</summary>
    public static Errno Write(Fd fd, ReadOnlySpan<byte> data, out int count)
    {
        fixed (byte* from = data)
        {
            nint returned;
            do
                returned = Libc.write(fd.Number, from, (nuint)data.Length);
            while (returned < 0 && LastError() == Errno.EINTR);
            return Result(returned, out count);
        }
    }

    /// <summary>lseek(2).</summary>
    public static Errno LSeek(Fd fd, long offset, Whence whence, out long position)
    {
        position = Libc.lseek(fd.Number, offset, (int)whence);
        return position < 0 ? LastError() : Errno.None;
    }

    /// <summary>copy_file_range(2) with explicit offsets.</summary>
    public static Errno CopyFileRange(Fd from, long fromOffset, Fd to, long toOffset, long length, out long copied)
    {
        nint returned = Libc.copy_file_range(from.Number, &fromOffset, to.Number, &toOffset, (nuint)length, 0);
        copied = Math.Max(0, returned);
        return returned < 0 ? LastError() : Errno.None;
    }

    /// <summary>FICLONE: the whole of <paramref name="source"/> by reference.</summary>
    public static Errno Clone(Fd source, Fd target)
    {
        const nuint FICLONE = 0x40049409;
        return Result(Libc.ioctl(target.Number, FICLONE, (byte*)source.Number));
    }

    /// <summary>fallocate(2).</summary>
    public static Errno FAllocate(Fd fd, int mode, long offset, long length) =>
        Result(Libc.fallocate(fd.Number, mode, offset, length));

    /// <summary>ftruncate(2).</summary>
    public static Errno FTruncate(Fd fd, long length) => Result(Libc.ftruncate(fd.Number, length));

    /// <summary>
    /// truncate(2). For a length that the file has already, the file system decides if that is a change; ftruncate(2) decides by itself
    /// (do_truncate).
    /// </summary>
    /// <param name="file">Any descriptor of the file.</param>
    /// <param name="length">Bytes.</param>
    public static Errno Truncate(Fd file, long length)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = ProcPath(file, Name.Empty, buffer).WithNul)
            return Result(Libc.truncate(path, length));
    }

    /// <summary>fsync(2), or fdatasync(2).</summary>
    public static Errno FSync(Fd fd, bool dataOnly = false) =>
        Result(dataOnly ? Libc.fdatasync(fd.Number) : Libc.fsync(fd.Number));

    /// <summary>
    /// sync_file_range(2): writes out all data of a file and waits for it. It does not sync attributes, nor the metadata that find the data
    /// again after a crash.
    /// </summary>
    public static Errno WriteOut(Fd fd) =>
        Result(Libc.sync_file_range(fd.Number, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));

    /// <summary>sync_file_range(2): begins to write out all data of a file, and does not wait.</summary>
    public static Errno BeginToWriteOut(Fd fd) => Result(Libc.sync_file_range(fd.Number, 0, 0, SYNC_FILE_RANGE_WRITE));

    /// <summary>syncfs(2).</summary>
    public static Errno SyncFs(Fd fd) => Result(Libc.syncfs(fd.Number));

    /// <summary>ioctl(2) with an argument that is both input and output.</summary>
    public static Errno IoCtl(Fd fd, uint command, Span<byte> argument)
    {
        fixed (byte* both = argument)
            return Result(Libc.ioctl(fd.Number, command, both));
    }

    /// <summary>ioctl(2) with an argument. The answer is the return value.</summary>
    public static Errno IoCtl(Fd fd, uint command, ReadOnlySpan<byte> argument, out int result)
    {
        fixed (byte* input = argument)
            return Result(Libc.ioctl(fd.Number, command, input), out result);
    }

    /// <summary>
    /// Locks one byte for reading (F_OFD_SETLK), for as long as the open file description lives. Directories can be locked too, at any
    /// offset. Such a lock refuses nothing: <see cref="FindLock"/> sees it. It has nothing to do with the locks of flock(2).
    /// </summary>
    /// <param name="fd">Open for reading.</param>
    /// <param name="offset">The byte.</param>
    public static Errno LockByte(Fd fd, long offset) => ChangeLock(fd, F_RDLCK, offset);

    /// <summary>Undoes <see cref="LockByte"/>.</summary>
    /// <param name="fd">The same descriptor.</param>
    /// <param name="offset">The byte.</param>
    public static Errno UnlockByte(Fd fd, long offset) => ChangeLock(fd, F_UNLCK, offset);

    /// <summary>The first lock of another open file description in a range (F_OFD_GETLK).</summary>
    /// <param name="fd">Any descriptor of the file. Its own locks do not count.</param>
    /// <param name="start">The first byte of the range.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="found">The first byte of the lock; -1 if there is none.</param>
    public static Errno FindLock(Fd fd, long start, long length, out long found)
    {
        var wanted = new Libc.FLock { Type = F_WRLCK, Start = start, Length = length };
        Errno error = Result(Libc.fcntl(fd.Number, F_OFD_GETLK, &wanted));
        found = error == Errno.None && wanted.Type != F_UNLCK ? wanted.Start : -1;
        return error;
    }

    private static Errno ChangeLock(Fd fd, short type, long offset)
    {
        var change = new Libc.FLock { Type = type, Start = offset, Length = 1 };
        return Result(Libc.fcntl(fd.Number, F_OFD_SETLK, &change));
    }
}
