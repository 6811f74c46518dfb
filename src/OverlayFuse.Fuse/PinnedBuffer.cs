using System.Runtime.InteropServices;

namespace OverlayFuse.Fuse;

/// <summary>
/// A worker's buffer: a header that ends where a page starts, then data. So WRITE's data and READ's answer are page-aligned, as
/// O_DIRECT needs and as the kernel copies fastest. Memory is not touched before it is used.
/// </summary>
internal sealed class PinnedBuffer
{
    private readonly byte[] _memory;
    private readonly int _start;
    private readonly int _length;

    internal PinnedBuffer(int headerSize, int dataSize)
    {
        _memory = GC.AllocateUninitializedArray<byte>(2 * Wire.PageSize + dataSize, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_memory, headerSize);
        _start = (int)(-address & (Wire.PageSize - 1));
        _length = headerSize + dataSize;
    }

    internal Span<byte> Span => _memory.AsSpan(_start, _length);
}
