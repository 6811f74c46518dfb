using System.Runtime.CompilerServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Workers;

/// <summary>
/// The buffer of one worker: a header that ends at the start of a page, then data. So the data of WRITE and READ are page-aligned: O_DIRECT
/// needs that, and the kernel copies it fastest. The memory is not touched before its use. It lies outside the heap of the garbage
/// collector: three such buffers in the heap would cause a collection while the first request waits.
/// </summary>
internal sealed class WorkerBuffer : IDisposable
{
    private readonly NativeArray<byte> _memory;
    private readonly int _start;
    private readonly int _length;

    internal WorkerBuffer(int headerSize, int dataSize)
    {
        int pageSize = Environment.SystemPageSize;
        _memory = new NativeArray<byte>(2 * pageSize + dataSize);
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref _memory.Span[headerSize]);
        _start = (int)(-address & (pageSize - 1));
        _length = headerSize + dataSize;
    }

    internal Span<byte> Span => _memory.Span.Slice(_start, _length);

    public void Dispose() => _memory.Dispose();
}
