using System.Buffers.Binary;
using System.IO.Hashing;
using Google.Protobuf;
using OverlayFuse.Tools.Containerd;

namespace OverlayFuse.Tools.Snapshotter.Store;

/// <summary>
/// The form of a change in the journal: its length, a hash of the length, a hash of the change, the change. Little endian.
/// </summary>
internal static class JournalFrame
{
    private const int LengthHashOffset = 4, HashOffset = 8, HeaderSize = 16;

    /// <summary>The journal begins with these bytes.</summary>
    public static ReadOnlySpan<byte> Magic => "ovfsnap1"u8;

    public static byte[] Of(Change change)
    {
        int size = change.CalculateSize();
        byte[] frame = new byte[HeaderSize + size];
        Span<byte> content = frame.AsSpan(HeaderSize);
        change.WriteTo(content);
        BinaryPrimitives.WriteInt32LittleEndian(frame, size);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(LengthHashOffset), HashOfLength(frame));
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(HashOffset), XxHash3.HashToUInt64(content));
        return frame;
    }

    /// <summary>Reads the changes of a journal.</summary>
    /// <returns>
    /// Where the whole changes end: a crash may have left a part of one more, or zeros behind it. -1 if there is other damage.
    /// </returns>
    public static int ReadAll(ReadOnlySpan<byte> journal, Action<Change> read)
    {
        if (!journal.StartsWith(Magic))
            return -1;
        int at = Magic.Length;
        while (at < journal.Length)
        {
            ReadOnlySpan<byte> rest = journal[at..];
            if (rest.Length < HeaderSize || !rest.ContainsAnyExcept((byte)0))
                return at;
            int size = BinaryPrimitives.ReadInt32LittleEndian(rest);
            if (BinaryPrimitives.ReadUInt32LittleEndian(rest[LengthHashOffset..]) != HashOfLength(rest) || size < 0)
                return -1;
            if (size > rest.Length - HeaderSize)
                return at;
            ReadOnlySpan<byte> content = rest.Slice(HeaderSize, size);
            if (BinaryPrimitives.ReadUInt64LittleEndian(rest[HashOffset..]) != XxHash3.HashToUInt64(content))
                return size == rest.Length - HeaderSize ? at : -1;
            read(Change.Parser.ParseFrom(content));
            at += HeaderSize + size;
        }
        return at;
    }

    private static uint HashOfLength(ReadOnlySpan<byte> frame) => (uint)XxHash3.HashToUInt64(frame[..LengthHashOffset]);
}
