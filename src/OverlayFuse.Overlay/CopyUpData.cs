using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// The data of a copy-up: by reflink where the file system can, else the kernel copies (copy_file_range), else we do. Holes stay holes.
/// Synced before anybody sees it (ovl_copy_up_file; since 6.12 the kernel does so too), unless the mount is volatile.
/// </summary>
/// <param name="length">Bytes to copy.</param>
/// <param name="whole">They are all that the file has.</param>
/// <param name="sync">Whether to sync.</param>
internal readonly struct CopyUpData(long length, bool whole, bool sync)
{
    /// <summary>So much is copied before the request is asked whether it still wants it.</summary>
    private const int Chunk = 4 << 20;
    private const int BufferSize = 256 << 10;

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Copies.</summary>
    /// <param name="request">Whose interruption stops it.</param>
    /// <param name="source">The lower file.</param>
    /// <param name="target">An empty or sparse file.</param>
    public Errno Copy(in FuseRequest request, Fd source, Fd target)
    {
        if (!(whole && Sys.Clone(source, target) == Errno.None) && CopyExtents(request, source, target) is not Errno.None and var error)
            return error;
        return sync ? Sys.FSync(target) : Errno.None;
    }

    private Errno CopyExtents(in FuseRequest request, Fd source, Fd target)
    {
        if (Sys.FTruncate(target, length) is not Errno.None and var error)
            return error;
        long hole;
        for (long offset = 0; offset < length; offset = hole)
        {
            Errno found = Sys.LSeek(source, offset, Whence.Data, out long data);
            if (found == Errno.ENXIO)
                return Errno.None; // only a hole is left
            if (found != Errno.None)
                data = offset; // a file system that does not know holes
            if (Sys.LSeek(source, data, Whence.Hole, out hole) != Errno.None)
                hole = length;
            hole = Math.Min(hole, length);
            if (data < hole && CopyExtent(request, source, target, data, hole) is not Errno.None and var failed)
                return failed;
        }
        return Errno.None;
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
