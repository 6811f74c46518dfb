using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>Answers from bytes in memory, with the limits that the kernel expects.</summary>
public static class FuseAnswer
{
    /// <summary>READ: copies the part of a content that was asked for. Behind its end there is nothing.</summary>
    /// <param name="content">The whole content of the file.</param>
    /// <param name="offset">The offset of the request.</param>
    /// <param name="data">Receives the bytes.</param>
    /// <param name="count">The number of bytes copied.</param>
    public static Errno Read(ReadOnlySpan<byte> content, ulong offset, Span<byte> data, out int count)
    {
        ReadOnlySpan<byte> rest = offset < (ulong)content.Length ? content[(int)offset..] : default;
        count = Math.Min(rest.Length, data.Length);
        rest[..count].CopyTo(data);
        return Errno.None;
    }

    /// <summary>GETXATTR and LISTXATTR: gives the value, or its length alone if the caller asks for that.</summary>
    /// <param name="value">The value; of LISTXATTR: the names, each with a NUL.</param>
    /// <param name="room">The span that the operation got. An empty one asks for the length.</param>
    /// <param name="length">The length of the value.</param>
    /// <returns>ERANGE if the value is longer than the room.</returns>
    public static Errno Xattr(ReadOnlySpan<byte> value, Span<byte> room, out int length)
    {
        length = value.Length;
        return room.IsEmpty || value.TryCopyTo(room) ? Errno.None : Errno.ERANGE;
    }

    /// <summary>READLINK.</summary>
    /// <param name="target">The target, without a NUL.</param>
    /// <param name="room">The span that the operation got.</param>
    /// <param name="length">The length of the target.</param>
    /// <returns>ENAMETOOLONG if the target is longer than the room.</returns>
    public static Errno ReadLink(ReadOnlySpan<byte> target, Span<byte> room, out int length)
    {
        length = target.Length;
        return target.TryCopyTo(room) ? Errno.None : Errno.ENAMETOOLONG;
    }
}
