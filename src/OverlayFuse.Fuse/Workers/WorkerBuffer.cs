using System.Runtime.CompilerServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Workers;

/// <summary>
/// A worker's buffer: a header that ends where a page starts, then data. So WRITE's data and READ's answer are page-aligned, as
/// O_DIRECT needs and as the kernel copies fastest. Memory is not touched before it is used, and lies outside the collector's heap: three
/// buffers in it would bring on a collection while the first request waits.
/// </summary>
internal sealed class WorkerBuffer : IDisposable
{
    private readonly NativeArray<byte> _memory;
    private readonly int _start;
    private readonly int _length;

    internal WorkerBuffer(int headerSize, int dataSize)
    {
        _memory = new NativeArray<byte>(2 * Wire.PageSize + dataSize);
        nint address = Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref _memory.Span[headerSize]);
        _start = (int)(-address & (Wire.PageSize - 1));
        _length = headerSize + dataSize;
    }

    internal Span<byte> Span => _memory.Span.Slice(_start, _length);

    public void Dispose() => _memory.Dispose();
}
