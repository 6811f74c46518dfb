using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>
/// Builds the reply in the worker's buffer: the file system fills structs and data at the place where they are sent from.
/// </summary>
internal ref struct ReplyWriter(Span<byte> buffer)
{
    private const int LargestErrno = 511;
    private readonly Span<byte> _buffer = buffer;
    private int _length = HeaderSize;

    internal static int HeaderSize => Unsafe.SizeOf<OutHeader>();

    /// <summary>FORGET, INTERRUPT and NOTIFY_REPLY get no answer, not even an error.</summary>
    internal bool IsWanted { get; private set; } = true;

    internal readonly int RoomLeft => _buffer.Length - _length;

    /// <summary>The next struct of the body, zeroed: the bytes between fields must not show earlier replies.</summary>
    internal ref T Append<T>() where T : unmanaged
    {
        Span<byte> place = _buffer.Slice(_length, Unsafe.SizeOf<T>());
        place.Clear();
        _length += place.Length;
        return ref MemoryMarshal.AsRef<T>(place);
    }

    /// <summary>The place for at most this many bytes of data. <see cref="Commit"/> takes the real number.</summary>
    internal readonly Span<byte> Room(uint size) => _buffer.Slice(_length, (int)Math.Min(size, (uint)RoomLeft));

    /// <summary>Returns the error of the operation, or EIO if it claims more than the room.</summary>
    internal Errno Commit(Errno error, int count, int room)
    {
        if (error != Errno.None)
            return error;
        if ((uint)count > (uint)room)
            return Errno.EIO;
        _length += count;
        return Errno.None;
    }

    internal Errno None()
    {
        IsWanted = false;
        return Errno.None;
    }

    /// <summary>Writes the header.</summary>
    /// <returns>Length of the reply, 0 when there is none.</returns>
    internal readonly int Finish(ulong unique, Errno error)
    {
        if (!IsWanted)
            return 0;
        // The kernel refuses a reply with another number, and the caller would wait for ever.
        if ((int)error is < 0 or > LargestErrno)
            error = Errno.EIO;
        int length = error == Errno.None ? _length : HeaderSize;
        MemoryMarshal.Write(_buffer, new OutHeader { Len = (uint)length, Error = -(int)error, Unique = unique });
        return length;
    }
}
