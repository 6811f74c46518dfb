using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Live;

/// <summary>
/// Commands for a live mount, given by ioctl(2) on its root: their numbers and the layout of their arguments, for both sides. The owner of
/// the mount and root may give them.
/// </summary>
public static class LiveControl
{
    /// <summary>_IOWR('o', 1, char[4096]): takes an index, gives a role and a path. ENOENT after the last layer.</summary>
    public const uint ListLayer = 0xD000_6F01;

    /// <summary>
    /// _IOW('o', 2, char[4096]): takes device, inode number and path of a directory. It becomes the topmost lower layer.
    /// </summary>
    public const uint AddLayer = 0x5000_6F02;

    /// <summary>_IO('o', 3): shows the changes that other programs made in the layers.</summary>
    public const uint Refresh = 0x6F03;

    /// <summary>_IOR('o', 4, char[4096]): <see cref="LiveStatistics"/> at the start.</summary>
    public const uint Statistics = 0x9000_6F04;

    /// <summary>_IO('o', 5): completes the copies of large files that are under way.</summary>
    public const uint Settle = 0x6F05;

    /// <summary>_IOWR('o', 6, char[4096]): takes an index, gives a message of the daemon. ENOENT after the last one.</summary>
    public const uint ListEvent = 0xD000_6F06;

    /// <summary>Length of an argument, in bytes.</summary>
    public const int Size = 4096;

    private const int PathOffset = 16;

    /// <summary>Leaves room for the statistics to grow.</summary>
    private const int NotesOffset = 1024;

    /// <summary>True for the number of a command.</summary>
    internal static bool Has(uint command) => command is ListLayer or AddLayer or Refresh or Statistics or Settle or ListEvent;

    /// <summary>Reads the numbers of a live mount.</summary>
    /// <param name="answer">The answer to <see cref="Statistics"/>.</param>
    public static LiveStatistics ReadStatistics(ReadOnlySpan<byte> answer) => MemoryMarshal.Read<LiveStatistics>(answer);

    /// <summary>Reads the options that a live mount does not follow as they were written, a line each.</summary>
    /// <param name="answer">The answer to <see cref="Statistics"/>. That of an older daemon has no lines.</param>
    public static string[] ReadNotes(ReadOnlySpan<byte> answer) =>
        Text(answer[NotesOffset..]).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Reads one message of a live mount.</summary>
    /// <param name="answer">The answer to <see cref="ListEvent"/>.</param>
    public static string ReadEvent(ReadOnlySpan<byte> answer) => Text(answer);

    /// <summary>Makes the argument of <see cref="ListLayer"/>, where 0 is the topmost, or of <see cref="ListEvent"/>.</summary>
    public static byte[] WriteIndex(int index)
    {
        byte[] argument = new byte[Size];
        BinaryPrimitives.WriteInt32LittleEndian(argument, index);
        return argument;
    }

    /// <summary>Reads one layer of a live mount: role ("upper", "lower" or "data") and path, as the daemon was given it.</summary>
    /// <param name="answer">The answer to <see cref="ListLayer"/>.</param>
    public static (string Role, string Path) ReadLayer(ReadOnlySpan<byte> answer) =>
        (Text(answer[..PathOffset]), Text(answer[PathOffset..]));

    /// <summary>Makes the argument of <see cref="AddLayer"/>.</summary>
    /// <param name="directory">The directory that the caller sees at <paramref name="path"/>.</param>
    /// <param name="path">Absolute, with a NUL at its end.</param>
    /// <returns>Null for a path that is too long.</returns>
    public static byte[]? WriteDirectory(in Statx directory, ReadOnlySpan<byte> path)
    {
        byte[] argument = new byte[Size];
        if (path.Length > Size - PathOffset)
            return null;
        BinaryPrimitives.WriteUInt64LittleEndian(argument, directory.Dev);
        BinaryPrimitives.WriteUInt64LittleEndian(argument.AsSpan(8), directory.Ino);
        path.CopyTo(argument.AsSpan(PathOffset));
        return argument;
    }

    internal static int ReadIndex(ReadOnlySpan<byte> argument) => BinaryPrimitives.ReadInt32LittleEndian(argument);

    internal static void WriteLayer(Span<byte> answer, string role, string path)
    {
        answer.Clear();
        _ = Encoding.ASCII.GetBytes(role, answer[..(PathOffset - 1)]);
        // A path that is too long is left out.
        _ = NativeText.ToBytes(path).AsSpan().TryCopyTo(answer[PathOffset..^1]);
    }

    /// <summary>Writes a message. The part without room is left out.</summary>
    internal static void WriteEvent(Span<byte> answer, string text)
    {
        answer.Clear();
        ReadOnlySpan<byte> bytes = NativeText.ToBytes(text);
        bytes[..Math.Min(bytes.Length, answer.Length - 1)].CopyTo(answer);
    }

    /// <summary>Writes the notes. Lines without room are left out.</summary>
    internal static void WriteNotes(Span<byte> answer, string notes)
    {
        if (answer.Length <= NotesOffset)
            return;
        Span<byte> room = answer[NotesOffset..^1];
        ReadOnlySpan<byte> text = NativeText.ToBytes(notes);
        if (text.Length > room.Length)
            text = text[..Math.Max(text[..room.Length].LastIndexOf((byte)'\n'), 0)];
        text.CopyTo(room);
    }

    internal static (ulong Dev, ulong Ino, string Path) ReadDirectory(ReadOnlySpan<byte> argument) => (
        BinaryPrimitives.ReadUInt64LittleEndian(argument),
        BinaryPrimitives.ReadUInt64LittleEndian(argument[8..]),
        Text(argument[PathOffset..]));

    private static string Text(ReadOnlySpan<byte> bytes) =>
        NativeText.From(bytes.IndexOf((byte)0) is >= 0 and int end ? bytes[..end] : bytes);
}
