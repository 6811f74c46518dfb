using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

/// <summary>
/// Anonymous memory of whole pages, whose addresses the kernel keeps: it does not move. A page takes room once it is touched
/// (MAP_NORESERVE). All bytes are 0.
/// </summary>
public sealed unsafe class MappedMemory : IDisposable
{
    private byte* _start;

    private MappedMemory(byte* start, int length)
    {
        _start = start;
        Length = length;
    }

    /// <summary>Unmaps the memory if <see cref="Dispose"/> was not called.</summary>
    ~MappedMemory() => Unmap();

    /// <summary>The number of bytes.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes, until <see cref="Dispose"/>.</summary>
    public Span<byte> Span => new(_start, Length);

    /// <summary>The address of a byte, for the kernel.</summary>
    /// <param name="offset">The number of the byte.</param>
    public nint AddressOf(int offset) => (nint)_start + offset;

    /// <summary>mmap(2).</summary>
    /// <param name="length">The number of bytes, rounded up to pages.</param>
    /// <param name="memory">The memory; null on failure.</param>
    public static Errno Map(int length, out MappedMemory? memory)
    {
        const int PROT_READ_WRITE = 3;
        const int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
        int pageSize = Environment.SystemPageSize;
        length = (length + pageSize - 1) / pageSize * pageSize;
        nint start = Libc.mmap(0, (nuint)length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0);
        memory = start == -1 ? null : new MappedMemory((byte*)start, length);
        return start == -1 ? Sys.LastError() : Errno.None;
    }

    /// <summary>munmap(2).</summary>
    public void Dispose()
    {
        Unmap();
        GC.SuppressFinalize(this);
    }

    private void Unmap()
    {
        if (_start != null)
            // It cannot fail for what was mapped.
            _ = Libc.munmap((nint)_start, (nuint)Length);
        _start = null;
        Length = 0;
    }
}
