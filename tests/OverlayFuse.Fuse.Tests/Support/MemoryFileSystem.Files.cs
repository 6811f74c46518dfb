using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

internal partial class MemoryFileSystem
{
    /// <summary>Largest READ and WRITE seen.</summary>
    internal int LargestTransfer { get; private set; }

    public virtual Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
    {
        opened = new OpenOut { Fh = new HandleId(Interlocked.Increment(ref _openHandles)) };
        if ((input.Flags & OpenFlags.Truncate) == 0)
            return Errno.None;
        lock (_lock)
            Get(request.Node).Resize(0);
        return Errno.None;
    }

    public Errno Release(in FuseRequest request, in ReleaseIn input)
    {
        Interlocked.Increment(ref _releasedHandles);
        return Errno.None;
    }

    public virtual Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
    {
        lock (_lock)
        {
            LargestTransfer = Math.Max(LargestTransfer, data.Length);
            ReadOnlySpan<byte> all = Get(request.Node).Data;
            ReadOnlySpan<byte> rest = input.Offset >= (ulong)all.Length ? default : all[(int)input.Offset..];
            count = Math.Min(rest.Length, data.Length);
            rest[..count].CopyTo(data);
            return Errno.None;
        }
    }

    public virtual Errno Write(in FuseRequest request, in WriteIn input, ReadOnlySpan<byte> data, out int count)
    {
        lock (_lock)
        {
            LargestTransfer = Math.Max(LargestTransfer, data.Length);
            MemoryNode node = Get(request.Node);
            if (input.Offset + (ulong)data.Length > node.Attr.Size)
                node.Resize(input.Offset + (ulong)data.Length);
            data.CopyTo(node.Data.AsSpan((int)input.Offset));
            node.Touch();
            count = data.Length;
            return Errno.None;
        }
    }

    public Errno Flush(in FuseRequest request, in FlushIn input) => Errno.None;

    public Errno FSync(in FuseRequest request, in FSyncIn input) => Errno.None;

    public Errno FAllocate(in FuseRequest request, in FAllocateIn input)
    {
        if (input.Mode != 0)
            return Errno.EOPNOTSUPP;
        lock (_lock)
        {
            MemoryNode node = Get(request.Node);
            if (input.Offset + input.Length > node.Attr.Size)
                node.Resize(input.Offset + input.Length);
            return Errno.None;
        }
    }

    public Errno LSeek(in FuseRequest request, in LSeekIn input, out long offset)
    {
        lock (_lock)
        {
            long size = (long)Get(request.Node).Attr.Size;
            offset = input.Whence == Whence.Hole ? size : (long)input.Offset;
            return (long)input.Offset >= size ? Errno.ENXIO : Errno.None;
        }
    }

    public Errno CopyFileRange(in FuseRequest request, in CopyFileRangeIn input, out ulong copied)
    {
        copied = 0;
        lock (_lock)
        {
            MemoryNode from = Get(request.Node), to = Get(input.OutputNode);
            if (input.InputOffset >= from.Attr.Size)
                return Errno.None;
            copied = Math.Min(input.Length, from.Attr.Size - input.InputOffset);
            if (input.OutputOffset + copied > to.Attr.Size)
                to.Resize(input.OutputOffset + copied);
            from.Data.AsSpan((int)input.InputOffset, (int)copied).CopyTo(to.Data.AsSpan((int)input.OutputOffset));
            return Errno.None;
        }
    }
}
