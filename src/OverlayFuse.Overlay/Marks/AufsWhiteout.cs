using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Whiteouts as container clients unpack them into layers: a file ".wh.NAME" hides NAME in the layers below. Whether a directory of a
/// layer holds any is found by listing it once, when a name is first missed there; directories without them pay nothing after that.
/// </summary>
internal static class AufsWhiteout
{
    private const int ListingSize = 32 * 1024;

    /// <summary>NAME_MAX with its NUL.</summary>
    private const int NameSize = 256;

    /// <summary>Longest name that can be whited out so.</summary>
    public const int LongestName = 255 - 4;

    [ThreadStatic]
    private static byte[]? t_listing;

    private static ReadOnlySpan<byte> Prefix => ".wh."u8;

    /// <summary>A mark, not a file: not visible in the merged view.</summary>
    public static bool IsMark(Name name) => name.StartsWith(Prefix);

    /// <summary>What a mark hides; empty for the marks of the directory itself (".wh..wh.").</summary>
    public static ReadOnlySpan<byte> HiddenName(Name mark) =>
        mark.Bytes[Prefix.Length..].StartsWith(Prefix) ? default : mark.Bytes[Prefix.Length..];

    /// <summary>Whether a lower directory hides a name in the layers below.</summary>
    /// <param name="directory">The directory in its layer.</param>
    /// <param name="holdsAny">What is known of it.</param>
    /// <param name="name">The name.</param>
    /// <param name="hides">The answer.</param>
    public static Errno Hides(Fd directory, ref Known holdsAny, Name name, out bool hides)
    {
        hides = false;
        if (holdsAny == Known.NotYet)
        {
            if (HoldsAny(directory, out bool any) is not Errno.None and var failed)
                return failed;
            _ = Interlocked.CompareExchange(ref holdsAny, any ? Known.Yes : Known.No, Known.NotYet); // unless one was made meanwhile
        }
        if (holdsAny == Known.No || name.Length > LongestName)
            return Errno.None;
        Span<byte> buffer = stackalloc byte[NameSize];
        Errno error = Sys.StatxAt(directory, MarkOf(name, buffer), out _, StatxMask.Type);
        hides = error == Errno.None;
        return error is Errno.ENOENT ? Errno.None : error;
    }

    /// <summary>Marks a name as deleted, in an upper that is written so.</summary>
    /// <returns>ENAMETOOLONG for a name that no mark can be made of.</returns>
    public static Errno Make(Fd directory, Name name)
    {
        if (name.Length > LongestName)
            return Errno.ENAMETOOLONG;
        Span<byte> buffer = stackalloc byte[NameSize];
        Errno error = Sys.MkNodAt(directory, MarkOf(name, buffer), (uint)FileType.Regular | 0x180, 0);
        return error == Errno.EEXIST ? Errno.None : error;
    }

    /// <summary>Takes the mark of a name away, if there is one.</summary>
    public static Errno Remove(Fd directory, Name name)
    {
        if (name.Length > LongestName)
            return Errno.None;
        Span<byte> buffer = stackalloc byte[NameSize];
        Errno error = Sys.UnlinkAt(directory, MarkOf(name, buffer));
        return error == Errno.ENOENT ? Errno.None : error;
    }

    private static Name MarkOf(Name name, Span<byte> buffer)
    {
        Prefix.CopyTo(buffer);
        name.WithNul.CopyTo(buffer[Prefix.Length..]);
        return new Name(buffer[..(Prefix.Length + name.Length + 1)]);
    }

    private static Errno HoldsAny(Fd directory, out bool any)
    {
        any = false;
        if (Sys.OpenUnnoticedAt(directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened) is not Errno.None and var error)
            return error;
        using var listed = new ScopedFd(opened);
        byte[] buffer = t_listing ??= new byte[ListingSize];
        do
        {
            if (Sys.GetDents(listed, buffer, out int length) is not Errno.None and var failed)
                return failed;
            if (length == 0)
                return Errno.None;
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (!any && records.MoveNext())
                any = IsMark(records.Name);
        }
        while (!any);
        return Errno.None;
    }
}
