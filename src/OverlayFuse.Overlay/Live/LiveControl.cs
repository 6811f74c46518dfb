using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Live;

/// <summary>
/// What can be asked of a live mount, by ioctl(2) on its root: the numbers and the layout of their arguments, for both sides. The owner of
/// the mount and root may ask.
/// </summary>
public static class LiveControl
{
    /// <summary>_IOWR('o', 1, char[4096]): index in, role and path out; ENOENT behind the last layer.</summary>
    public const uint ListLayer = 0xD000_6F01;

    /// <summary>_IOW('o', 2, char[4096]): device and inode number of a directory, and its path; it becomes the topmost lower layer.</summary>
    public const uint AddLayer = 0x5000_6F02;

    /// <summary>_IO('o', 3): shows what was changed in the layers behind our back.</summary>
    public const uint Refresh = 0x6F03;

    /// <summary>_IOR('o', 4, char[4096]): <see cref="LiveStatistics"/> at the start.</summary>
    public const uint Statistics = 0x9000_6F04;

    /// <summary>_IO('o', 5): puts copies of large files that are under way into the upper, and waits for them.</summary>
    public const uint Settle = 0x6F05;

    /// <summary>Length of an argument, in bytes.</summary>
    public const int Size = 4096;

    private const int PathOffset = 16;

    /// <summary>What a live mount tells of itself.</summary>
    /// <param name="answer">What <see cref="Statistics"/> has left.</param>
    public static LiveStatistics ReadStatistics(ReadOnlySpan<byte> answer) => MemoryMarshal.Read<LiveStatistics>(answer);

    /// <summary>The argument of <see cref="ListLayer"/>; 0 is the topmost.</summary>
    public static byte[] WriteIndex(int index)
    {
        byte[] argument = new byte[Size];
        BinaryPrimitives.WriteInt32LittleEndian(argument, index);
        return argument;
    }

    /// <summary>One layer of a live mount: role ("upper", "lower" or "data") and path, as the daemon was given it.</summary>
    /// <param name="answer">What <see cref="ListLayer"/> has left.</param>
    public static (string Role, string Path) ReadLayer(ReadOnlySpan<byte> answer) => (Text(answer[..PathOffset]), Text(answer[PathOffset..]));

    /// <summary>The argument of <see cref="AddLayer"/>.</summary>
    /// <param name="directory">What <paramref name="path"/> is to the caller.</param>
    /// <param name="path">Absolute, with a NUL behind it.</param>
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
        _ = NativeText.ToBytes(path).AsSpan().TryCopyTo(answer[PathOffset..^1]); // a longer path is left out
    }

    internal static (ulong Dev, ulong Ino, string Path) ReadDirectory(ReadOnlySpan<byte> argument) => (
        BinaryPrimitives.ReadUInt64LittleEndian(argument),
        BinaryPrimitives.ReadUInt64LittleEndian(argument[8..]),
        Text(argument[PathOffset..]));

    private static string Text(ReadOnlySpan<byte> bytes) =>
        NativeText.From(bytes.IndexOf((byte)0) is >= 0 and int end ? bytes[..end] : bytes);
}
