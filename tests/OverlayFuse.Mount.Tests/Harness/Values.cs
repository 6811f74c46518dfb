using System.Globalization;
using Mono.Unix;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>File modes: types, and permissions that are written in octal digits (755 means rwxr-xr-x).</summary>
internal static class Mode
{
    public const uint S_IFMT = 0xF000, S_IFSOCK = 0xC000, S_IFLNK = 0xA000, S_IFREG = 0x8000, S_IFBLK = 0x6000, S_IFDIR = 0x4000,
        S_IFCHR = 0x2000, S_IFIFO = 0x1000;

    public static uint Bits(int octalDigits) => Convert.ToUInt32(octalDigits.ToString(CultureInfo.InvariantCulture), 8);

    public static FilePermissions Octal(int octalDigits) => NativeConvert.ToFilePermissions(Bits(octalDigits));

    public static string TypeName(uint mode) => (mode & S_IFMT) switch
    {
        S_IFREG => "file",
        S_IFDIR => "directory",
        S_IFLNK => "symlink",
        S_IFIFO => "fifo",
        S_IFSOCK => "socket",
        S_IFCHR => "character device",
        S_IFBLK => "block device",
        _ => "type 0" + Convert.ToString(mode & S_IFMT, 8),
    };
}

/// <summary>Byte values as text: as it stands, or hexadecimal after 0x.</summary>
internal static class Values
{
    public static byte[] Bytes(string value) =>
        value.StartsWith("0x", StringComparison.Ordinal) ? Convert.FromHexString(value.AsSpan(2)) : NameBytes(value);

    /// <summary>The bytes of a name. (UnixEncoding throws on the empty string.)</summary>
    public static byte[] NameBytes(string name) => name.Length == 0 ? [] : UnixEncoding.Instance.GetBytes(name);

    /// <summary>Any bytes as the string that Mono.Unix turns back into them.</summary>
    public static string Name(params byte[] bytes) => UnixEncoding.Instance.GetString(bytes);

    public static string Text(ReadOnlySpan<byte> value)
    {
        foreach (byte b in value)
            if (b is < 0x20 or > 0x7e) return "0x" + Convert.ToHexString(value);
        return UnixEncoding.Instance.GetString(value.ToArray());
    }

    /// <summary>A name for a report: bytes that are not printable ASCII as \xNN.</summary>
    public static string Printable(string name) =>
        string.Concat(NameBytes(name).Select(b => b is < 0x20 or > 0x7e or (byte)'\\' ? $"\\x{b:x2}" : ((char)b).ToString()));

    public static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
