using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    private const int F_OFD_GETLK = 36;
    private const int F_OFD_SETLK = 37;
    private const short F_RDLCK = 0;
    private const short F_WRLCK = 1;
    private const short F_UNLCK = 2;

    /// <summary>
    /// Locks one byte for reading (F_OFD_SETLK), for as long as the open file description lives. A directory can be locked so, too, at any
    /// offset; such locks refuse nobody: they are seen by <see cref="FindLock"/>. They have nothing to do with those of flock(2).
    /// </summary>
    /// <param name="fd">Open for reading.</param>
    /// <param name="offset">The byte.</param>
    public static Errno LockByte(Fd fd, long offset) => ChangeLock(fd, F_RDLCK, offset);

    /// <summary>Takes <see cref="LockByte"/> back.</summary>
    /// <param name="fd">The same descriptor.</param>
    /// <param name="offset">The byte.</param>
    public static Errno UnlockByte(Fd fd, long offset) => ChangeLock(fd, F_UNLCK, offset);

    /// <summary>The first lock of somebody else in a range (F_OFD_GETLK).</summary>
    /// <param name="fd">Any descriptor of the file; its own locks do not count.</param>
    /// <param name="start">Where the range begins.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="found">Where the lock begins; -1 when there is none.</param>
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
