using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Whiteouts as container clients unpack them into layers: a file ".wh.NAME" hides NAME in the layers below. Whether a directory of a
/// layer holds any is found by listing it once, when a name is first missed there; directories without them pay nothing after that.
/// </summary>
internal static class AufsWhiteout
{
    private const int ListingSize = 32 * 1024;

    /// <summary>Longest name that can be whited out so.</summary>
    private const int LongestName = 255 - 4;

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
            holdsAny = any ? Known.Yes : Known.No;
        }
        if (holdsAny == Known.No || name.Length > LongestName)
            return Errno.None;
        Span<byte> mark = stackalloc byte[256];
        Prefix.CopyTo(mark);
        name.WithNul.CopyTo(mark[Prefix.Length..]);
        Errno error = Sys.StatxAt(directory, new Name(mark[..(Prefix.Length + name.Length + 1)]), out _, StatxMask.Type);
        hides = error == Errno.None;
        return error is Errno.ENOENT ? Errno.None : error;
    }

    private static Errno HoldsAny(Fd directory, out bool any)
    {
        any = false;
        if (Sys.OpenAt(directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened) is not Errno.None and var error)
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
