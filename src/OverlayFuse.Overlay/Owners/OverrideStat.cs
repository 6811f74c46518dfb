using System.Buffers.Text;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// Owner, mode and type of a file that the disk cannot give it, as the value of an xattr: "uid:gid:mode:type" (idtools.Stat of
/// containers/storage). The mode is octal; the type is file, dir, symlink, pipe, socket, block-MAJOR-MINOR or char-MAJOR-MINOR.
/// fuse-overlayfs up to 1.12 writes three fields, with the type bits in the mode.
/// </summary>
internal readonly record struct OverrideStat
{
    /// <summary>Bytes: room for any value that the program writes.</summary>
    public const int MaxSize = 128;

    private OverrideStat(uint uid, uint gid, uint permissions)
    {
        Uid = uid;
        Gid = gid;
        Permissions = permissions;
    }

    public uint Uid { get; }

    public uint Gid { get; }

    public uint Permissions { get; }

    /// <summary><see cref="FileType.Unknown"/> for a value of three fields.</summary>
    public FileType Type { get; private init; }

    public uint Major { get; private init; }

    public uint Minor { get; private init; }

    /// <summary>Reads a value.</summary>
    /// <returns>False if the text is no such value. The file is then shown as it is on disk.</returns>
    public static bool TryParse(ReadOnlySpan<byte> value, out OverrideStat stat)
    {
        stat = default;
        ReadOnlySpan<byte> rest = value;
        if (!TryDecimal(Take(ref rest, (byte)':'), out uint uid) || !TryDecimal(Take(ref rest, (byte)':'), out uint gid)
            || !TryOctal(Take(ref rest, (byte)':'), out uint mode))
            return false;
        var read = new OverrideStat(uid, gid, mode & Overlay.Permissions.All);
        if (!rest.IsEmpty && !TryType(rest, ref read))
            return false;
        stat = read;
        return true;
    }

    /// <summary>Writes a value.</summary>
    /// <returns>Its length.</returns>
    public static int Format(in Statx stat, Span<byte> to)
    {
        ReadOnlySpan<byte> type = stat.Type switch
        {
            FileType.Directory => "dir"u8,
            FileType.SymLink => "symlink"u8,
            FileType.Fifo => "pipe"u8,
            FileType.Socket => "socket"u8,
            FileType.BlockDevice => "block"u8,
            FileType.CharacterDevice => "char"u8,
            _ => "file"u8,
        };
        int length = 0;
        Append(to, stat.Uid, (byte)':', ref length);
        Append(to, stat.Gid, (byte)':', ref length);
        for (int digit = 9; digit >= 0; digit -= 3)
            to[length++] = (byte)('0' + (stat.Permissions >> digit & 7));
        to[length++] = (byte)':';
        type.CopyTo(to[length..]);
        length += type.Length;
        if (stat.Type is not (FileType.BlockDevice or FileType.CharacterDevice))
            return length;
        to[length++] = (byte)'-';
        Append(to, stat.RdevMajor, (byte)'-', ref length);
        Append(to, stat.RdevMinor, (byte)'-', ref length);
        return length - 1;
    }

    /// <summary>
    /// Changes the attributes on disk to those to be shown. A directory stays a directory, and only a regular file may stand for a file of
    /// another type.
    /// </summary>
    public void ApplyTo(ref Statx stat)
    {
        stat.Uid = Uid;
        stat.Gid = Gid;
        FileType type = stat.IsRegular && Type is not (FileType.Unknown or FileType.Directory) ? Type : stat.Type;
        stat.Mode = (ushort)((uint)type | Permissions);
        if (type is FileType.BlockDevice or FileType.CharacterDevice && Type == type)
            (stat.RdevMajor, stat.RdevMinor) = (Major, Minor);
    }

    /// <summary>Reads the type. Parts after further dashes belong to other programs. A character device 0:0 would be a whiteout.</summary>
    private static bool TryType(ReadOnlySpan<byte> text, ref OverrideStat stat)
    {
        ReadOnlySpan<byte> rest = text;
        ReadOnlySpan<byte> word = Take(ref rest, (byte)'-');
        FileType type = word.SequenceEqual("file"u8) ? FileType.Regular
            : word.SequenceEqual("dir"u8) ? FileType.Directory
            : word.SequenceEqual("symlink"u8) ? FileType.SymLink
            : word.SequenceEqual("pipe"u8) ? FileType.Fifo
            : word.SequenceEqual("socket"u8) ? FileType.Socket
            : word.SequenceEqual("block"u8) ? FileType.BlockDevice
            : word.SequenceEqual("char"u8) ? FileType.CharacterDevice
            : FileType.Unknown;
        if (type is not (FileType.BlockDevice or FileType.CharacterDevice))
        {
            stat = stat with { Type = type };
            return type != FileType.Unknown;
        }
        if (!TryDecimal(Take(ref rest, (byte)'-'), out uint major) || !TryDecimal(Take(ref rest, (byte)'-'), out uint minor))
            return false;
        stat = stat with { Type = type, Major = major, Minor = minor };
        return type == FileType.BlockDevice || major != 0 || minor != 0;
    }

    /// <summary>Takes the text before the next separator, or all of it.</summary>
    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, byte separator)
    {
        int end = rest.IndexOf(separator);
        ReadOnlySpan<byte> taken = end < 0 ? rest : rest[..end];
        rest = end < 0 ? default : rest[(end + 1)..];
        return taken;
    }

    private static bool TryDecimal(ReadOnlySpan<byte> text, out uint number) =>
        Utf8Parser.TryParse(text, out number, out int used) && used == text.Length;

    private static bool TryOctal(ReadOnlySpan<byte> text, out uint number)
    {
        number = 0;
        foreach (byte digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'7' || number > uint.MaxValue >> 3)
                return false;
            number = number << 3 | (uint)(digit - '0');
        }
        return !text.IsEmpty;
    }

    private static void Append(Span<byte> to, uint number, byte separator, ref int length)
    {
        // MaxSize leaves room for it.
        _ = Utf8Formatter.TryFormat(number, to[length..], out int used);
        length += used;
        to[length++] = separator;
    }
}
