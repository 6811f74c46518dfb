using System.Buffers;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace MemoryFileSystem;

/// <summary>The content of files. The kernel checks that it is one before it asks.</summary>
internal sealed partial class MemoryFs
{
    private const uint KeepSize = 1, PunchHole = 2, ZeroRange = 16;
    private const int CopyBuffer = 1 << 16;

    public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
    {
        count = 0;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? file))
                return Errno.ESTALE;
            count = file.Content.Read((long)input.Offset, data);
            return Errno.None;
        }
    }

    public Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
    {
        count = 0;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? file))
                return Errno.ESTALE;
            if (!TryWrite(file, (long)input.Offset, data))
                return Errno.ENOSPC;
            count = data.Length;
            return Errno.None;
        }
    }

    /// <summary>fallocate(2). Nothing is set aside: memory is taken by the first write.</summary>
    public Errno FAllocate(in FuseRequest request, in FAllocateIn input)
    {
        if ((input.Mode & ~(KeepSize | PunchHole | ZeroRange)) != 0)
            return Errno.EOPNOTSUPP;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? file))
                return Errno.ESTALE;
            if ((input.Mode & (PunchHole | ZeroRange)) != 0)
                Clear(file, (long)input.Offset, (long)input.Length);
            if ((input.Mode & KeepSize) == 0)
                file.Content.Resize(Math.Max(file.Content.Size, (long)(input.Offset + input.Length)));
            file.Modify();
            return Errno.None;
        }
    }

    public Errno LSeek(in FuseRequest request, in LSeekIn input, out long offset)
    {
        offset = -1;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? file))
                return Errno.ESTALE;
            long from = (long)input.Offset;
            if (from < file.Content.Size)
                offset = input.Whence == Whence.Data ? file.Content.NextData(from) : file.Content.NextHole(from);
            return offset < 0 ? Errno.ENXIO : Errno.None;
        }
    }

    public Errno CopyFileRange(in FuseRequest request, in CopyFileRangeIn input, out ulong copied)
    {
        copied = 0;
        lock (_lock)
        {
            if (!_nodes.TryGet(request.Node, out Node? from) || !_nodes.TryGet(input.OutputNode, out Node? to))
                return Errno.ESTALE;
            byte[] buffer = ArrayPool<byte>.Shared.Rent(CopyBuffer);
            try
            {
                while (copied < input.Length)
                {
                    int wanted = (int)Math.Min(CopyBuffer, input.Length - copied);
                    int count = from.Content.Read((long)(input.InputOffset + copied), buffer.AsSpan(0, wanted));
                    if (count == 0)
                        break;
                    if (!TryWrite(to, (long)(input.OutputOffset + copied), buffer.AsSpan(0, count)))
                        return copied == 0 ? Errno.ENOSPC : Errno.None;
                    copied += (ulong)count;
                }
                return Errno.None;
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private bool TryWrite(Node file, long offset, ReadOnlySpan<byte> data)
    {
        long missing = file.Content.Missing(offset, data.Length);
        if (missing > _pagesInAll - _pagesInUse)
            return false;
        file.Content.Write(offset, data);
        _pagesInUse += missing;
        file.Modify();
        return true;
    }

    private void Resize(Node file, long size)
    {
        long before = file.Content.Pages;
        file.Content.Resize(size);
        _pagesInUse -= before - file.Content.Pages;
        file.Modify();
    }

    private void Clear(Node file, long offset, long length)
    {
        long before = file.Content.Pages;
        file.Content.Clear(offset, length);
        _pagesInUse -= before - file.Content.Pages;
    }
}
