using System.Runtime.InteropServices;

namespace OverlayFuse.Linux;

/// <summary>
/// An array outside the heap of the garbage collector, for data that may be large and live for a short time. It grows without leaving a
/// copy behind, and <see cref="Dispose"/> gives its memory back to the system at once.
/// </summary>
/// <typeparam name="T">The type of the elements.</typeparam>
public sealed unsafe class NativeArray<T> : IDisposable where T : unmanaged
{
    private T* _items;

    /// <summary>Allocates an array.</summary>
    /// <param name="length">The number of elements; all are 0.</param>
    /// <exception cref="OutOfMemoryException">There is no room.</exception>
    public NativeArray(int length)
    {
        _items = (T*)NativeMemory.AllocZeroed((nuint)length, (nuint)sizeof(T));
        Length = length;
    }

    /// <summary>Frees the array if <see cref="Dispose"/> was not called.</summary>
    ~NativeArray() => Free();

    /// <summary>The number of elements; 0 once it is freed.</summary>
    public int Length { get; private set; }

    /// <summary>The elements, until it grows or is freed.</summary>
    public Span<T> Span => new(_items, Length);

    /// <summary>Makes it longer. The content of the new elements is not defined.</summary>
    /// <param name="length">The new number of elements.</param>
    /// <exception cref="OutOfMemoryException">There is no room. The array stays as it is.</exception>
    public void Grow(int length)
    {
        ObjectDisposedException.ThrowIf(_items is null, this);
        _items = (T*)NativeMemory.Realloc(_items, (nuint)length * (nuint)sizeof(T));
        Length = length;
    }

    /// <summary>Frees it.</summary>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        Length = 0;
        NativeMemory.Free(_items);
        _items = null;
    }
}
