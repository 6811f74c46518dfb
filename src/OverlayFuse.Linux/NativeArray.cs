using System.Runtime.InteropServices;

namespace OverlayFuse.Linux;

/// <summary>
/// An array outside the garbage collector's heap, for what may be large and is needed for a short time: it grows without leaving its former
/// self behind, and its room goes back to the system at <see cref="Dispose"/>, not at a collection that may be long in coming.
/// </summary>
/// <typeparam name="T">Of the elements.</typeparam>
public sealed unsafe class NativeArray<T> : IDisposable where T : unmanaged
{
    private T* _items;

    /// <summary>Makes one.</summary>
    /// <param name="length">How many elements; all are 0.</param>
    /// <exception cref="OutOfMemoryException">There is no room.</exception>
    public NativeArray(int length)
    {
        _items = (T*)NativeMemory.AllocZeroed((nuint)length, (nuint)sizeof(T));
        Length = length;
    }

    /// <summary>Frees it, where <see cref="Dispose"/> was not called.</summary>
    ~NativeArray() => Free();

    /// <summary>How many elements it has; 0 once it is freed.</summary>
    public int Length { get; private set; }

    /// <summary>The elements, until it grows or is freed.</summary>
    public Span<T> Span => new(_items, Length);

    /// <summary>Makes it longer; what the new elements hold is not defined.</summary>
    /// <param name="length">How many elements it has then.</param>
    /// <exception cref="OutOfMemoryException">There is no room; it is as it was.</exception>
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
