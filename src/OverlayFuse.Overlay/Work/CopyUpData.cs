using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// The data of a copy-up: by reflink where the file system can, else the kernel copies (copy_file_range), else we do. Holes stay holes.
/// </summary>
/// <param name="length">Bytes to copy.</param>
/// <param name="whole">They are all that the file has.</param>
internal readonly struct CopyUpData(long length, bool whole)
{
    /// <summary>So much is copied before the request is asked whether it still wants it.</summary>
    private const int Chunk = 4 << 20;
    private const int BufferSize = 256 << 10;

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Remembers whether its file system has reflinks at all.</summary>
    public required WorkDirectory Work { get; init; }

    /// <summary>Copies.</summary>
    /// <param name="request">Whose interruption stops it.</param>
    /// <param name="source">The lower file.</param>
    /// <param name="target">An empty or sparse file.</param>
    public Errno Copy(in FuseRequest request, Fd source, Fd target) =>
        whole && TryClone(source, target) ? Errno.None : CopyExtents(request, source, target);

    private bool TryClone(Fd source, Fd target)
    {
        if (Work.HasNoReflinks)
            return false;
        Errno error = Sys.Clone(source, target);
        Work.HasNoReflinks = error == Errno.EOPNOTSUPP; // EXDEV: a lower layer of another file system
        return error == Errno.None;
    }

    private Errno CopyExtents(in FuseRequest request, Fd source, Fd target) =>
        Sys.FTruncate(target, length) is not Errno.None and var error ? error : CopyRange(request, source, target, 0, length);

    /// <summary>Copies a part; holes stay holes.</summary>
    /// <param name="request">Whose interruption stops it.</param>
    /// <param name="source">The lower file.</param>
    /// <param name="target">The copy, without data in this part.</param>
    /// <param name="from">Where it begins, bytes.</param>
    /// <param name="end">Where it ends.</param>
    public static Errno CopyRange(in FuseRequest request, Fd source, Fd target, long from, long end)
    {
        long hole;
        for (long offset = from; offset < end; offset = hole)
        {
            NextData(source, offset, end, out long data, out hole);
            if (CopyExtent(request, source, target, data, hole) is not Errno.None and var failed)
                return failed;
        }
        return Errno.None;
    }

    /// <summary>The next data of a file, from an offset to an end; both are the end when there are none.</summary>
    public static void NextData(Fd source, long offset, long end, out long data, out long hole)
    {
        Errno found = Sys.LSeek(source, offset, Whence.Data, out data);
        if (found != Errno.None)
            data = found == Errno.ENXIO ? end : offset; // only a hole is left; or a file system that does not know holes
        data = Math.Min(data, end);
        hole = end;
        if (data < end && Sys.LSeek(source, data, Whence.Hole, out long next) == Errno.None)
            hole = Math.Min(next, end);
    }

    private static Errno CopyExtent(in FuseRequest request, Fd source, Fd target, long offset, long end)
    {
        bool byKernel = true;
        while (offset < end)
        {
            if (CallerProcess.HasGivenUp(request))
                return Errno.EINTR;
            long wanted = Math.Min(Chunk, end - offset);
            long copied = 0;
            Errno error = byKernel ? Sys.CopyFileRange(source, offset, target, offset, wanted, out copied) : Errno.EXDEV;
            if (error is Errno.EXDEV or Errno.EINVAL or Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EPERM || (error == Errno.None && copied == 0))
            {
                byKernel = false;
                error = CopyChunk(source, target, offset, wanted, out copied);
            }
            if (error != Errno.None)
                return error;
            if (copied == 0)
                return Errno.None; // the lower file became shorter behind our back
            offset += copied;
        }
        return Errno.None;
    }

    private static Errno CopyChunk(Fd source, Fd target, long offset, long wanted, out long copied)
    {
        copied = 0;
        byte[] buffer = t_buffer ??= new byte[BufferSize];
        Span<byte> room = buffer.AsSpan(0, (int)Math.Min(BufferSize, wanted));
        if (Sys.PRead(source, room, offset, out int read) is not Errno.None and var error)
            return error;
        while (copied < read)
        {
            ReadOnlySpan<byte> rest = room[(int)copied..read];
            if (Sys.PWrite(target, rest, offset + copied, out int written) is not Errno.None and var failed)
                return failed;
            copied += written;
        }
        return Errno.None;
    }
}
