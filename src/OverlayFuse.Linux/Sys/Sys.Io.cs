using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
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
    /// truncate(2): unlike ftruncate(2) it leaves to the file system whether the size that a file has already is a change (do_truncate).
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
    /// sync_file_range(2): writes out all data of a file and waits for it. Attributes, and what finds the data again after a crash, are not
    /// synced.
    /// </summary>
    public static Errno WriteOut(Fd fd) =>
        Result(Libc.sync_file_range(fd.Number, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER));

    /// <summary>The same, without waiting.</summary>
    public static Errno BeginToWriteOut(Fd fd) => Result(Libc.sync_file_range(fd.Number, 0, 0, SYNC_FILE_RANGE_WRITE));

    /// <summary>syncfs(2).</summary>
    public static Errno SyncFs(Fd fd) => Result(Libc.syncfs(fd.Number));

    /// <summary>ioctl(2) with an argument that is both input and output.</summary>
    public static Errno IoCtl(Fd fd, uint command, Span<byte> argument)
    {
        fixed (byte* both = argument)
            return Result(Libc.ioctl(fd.Number, command, both));
    }

    /// <summary>ioctl(2) with an argument, whose answer is what it returns.</summary>
    public static Errno IoCtl(Fd fd, uint command, ReadOnlySpan<byte> argument, out int result)
    {
        fixed (byte* input = argument)
            return Result(Libc.ioctl(fd.Number, command, input), out result);
    }
}
