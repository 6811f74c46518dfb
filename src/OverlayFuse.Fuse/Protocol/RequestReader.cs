using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>
/// Takes a request's body apart, in the order of the wire. Names and data are views of the worker's buffer. False: malformed.
/// </summary>
internal ref struct RequestReader(ReadOnlySpan<byte> body)
{
    private ReadOnlySpan<byte> _rest = body;

    internal bool Take<T>(out T value) where T : unmanaged
    {
        if (!MemoryMarshal.TryRead(_rest, out value))
            return false;
        _rest = _rest[Unsafe.SizeOf<T>()..];
        return true;
    }

    /// <summary>Any string but the empty one: xattr names, targets of symlinks.</summary>
    internal bool TakeString(out Name text)
    {
        if (!Name.TryTake(_rest, out text) || text.Length == 0)
            return false;
        _rest = _rest[text.WithNul.Length..];
        return true;
    }

    /// <summary>A name in a directory.</summary>
    internal bool TakeName(out Name name) => TakeString(out name) && !name.Bytes.Contains((byte)'/');

    internal bool TakeBytes(uint length, out ReadOnlySpan<byte> data)
    {
        bool enough = length <= (uint)_rest.Length;
        data = enough ? _rest[..(int)length] : default;
        _rest = enough ? _rest[(int)length..] : _rest;
        return enough;
    }

    /// <summary>The value's length and flags; the second half of the struct is there only when SETXATTR_EXT was granted.</summary>
    internal bool TakeSetXattr(bool extended, out SetXattrIn value)
    {
        value = default;
        if (extended)
            return Take(out value);
        return Take(out value.Size) && Take(out value.Flags);
    }
}
