using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Work;

/// <summary>
/// Copies the data of a copy-up: by reflink if the file system has them, else by copy_file_range(2), else by read and write. Holes stay
/// holes.
/// </summary>
/// <param name="length">Bytes to copy.</param>
/// <param name="whole">The file has no more bytes.</param>
internal readonly struct CopyUpData(long length, bool whole)
{
    /// <summary>After each chunk the copier looks whether the request was given up.</summary>
    private const int Chunk = 4 << 20;
    private const int BufferSize = 256 << 10;

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>It remembers if its file system has reflinks at all.</summary>
    public required WorkDirectory Work { get; init; }

    /// <summary>Copies.</summary>
    /// <param name="request">Its interruption stops the copy.</param>
    /// <param name="source">The lower file.</param>
    /// <param name="target">An empty or sparse file.</param>
    public Errno Copy(in FuseRequest request, Fd source, Fd target) =>
        whole && TryClone(source, target) ? Errno.None : CopyExtents(request, source, target);

    private bool TryClone(Fd source, Fd target)
    {
        if (Work.HasNoReflinks)
            return false;
        Errno error = Sys.Clone(source, target);
        // EXDEV does not count: the next lower file may lie on the upper's file system.
        Work.HasNoReflinks = error == Errno.EOPNOTSUPP;
        return error == Errno.None;
    }

    private Errno CopyExtents(in FuseRequest request, Fd source, Fd target)
    {
        Errno error = Sys.FTruncate(target, length);
        return error == Errno.None ? CopyRange(request, source, target, 0, length) : error;
    }

    /// <summary>Copies a part. Holes stay holes.</summary>
    /// <param name="request">Its interruption stops the copy.</param>
    /// <param name="source">The lower file.</param>
    /// <param name="target">The copy, without data in this part.</param>
    /// <param name="from">Its first byte.</param>
    /// <param name="end">The byte behind its last one.</param>
    public static Errno CopyRange(in FuseRequest request, Fd source, Fd target, long from, long end)
    {
        long hole;
        for (long offset = from; offset < end; offset = hole)
        {
            NextData(source, offset, end, out long data, out hole);
            Errno error;
            if ((error = CopyExtent(request, source, target, data, hole)) != Errno.None)
                return error;
        }
        return Errno.None;
    }

    /// <summary>Finds the next data of a file between an offset and an end. Both results are the end if there are none.</summary>
    public static void NextData(Fd source, long offset, long end, out long data, out long hole)
    {
        Errno found = Sys.LSeek(source, offset, Whence.Data, out data);
        // ENXIO: only a hole is left. Other errors: the file system knows no holes.
        if (found != Errno.None)
            data = found == Errno.ENXIO ? end : offset;
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
            if (IsNotByKernel(error) || (error == Errno.None && copied == 0))
            {
                byKernel = false;
                error = CopyChunk(source, target, offset, wanted, out copied);
            }
            if (error != Errno.None)
                return error;
            // Another process has cut the lower file.
            if (copied == 0)
                return Errno.None;
            offset += copied;
        }
        return Errno.None;
    }

    /// <summary>True if the kernel cannot copy between these two files.</summary>
    private static bool IsNotByKernel(Errno error) =>
        error is Errno.EXDEV or Errno.EINVAL or Errno.EOPNOTSUPP or Errno.ENOSYS or Errno.EPERM;

    private static Errno CopyChunk(Fd source, Fd target, long offset, long wanted, out long copied)
    {
        copied = 0;
        byte[] buffer = t_buffer ??= new byte[BufferSize];
        Span<byte> room = buffer.AsSpan(0, (int)Math.Min(BufferSize, wanted));
        Errno error;
        if ((error = Sys.PRead(source, room, offset, out int read)) != Errno.None)
            return error;
        while (copied < read)
        {
            ReadOnlySpan<byte> rest = room[(int)copied..read];
            if ((error = Sys.PWrite(target, rest, offset + copied, out int written)) != Errno.None)
                return error;
            copied += written;
        }
        return Errno.None;
    }
}
