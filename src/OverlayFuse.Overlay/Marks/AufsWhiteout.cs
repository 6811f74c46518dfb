using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Whiteouts as container clients unpack them into layers: a file ".wh.NAME" hides NAME in the layers below. The first miss of a name in a
/// directory lists it once, to find out whether it holds any. A directory without them pays nothing after that.
/// </summary>
internal static class AufsWhiteout
{
    /// <summary>Bytes without the NUL: the longest name that a mark can hide.</summary>
    public const int LongestName = Limits.NameMax - PrefixLength;

    private const int PrefixLength = 4;

    /// <summary>Bytes: room for the records of one getdents64(2).</summary>
    private const int ListingSize = 32 << 10;

    /// <summary>Bytes: room for a name with its NUL.</summary>
    private const int NameSize = Limits.NameMax + 1;

    [ThreadStatic]
    private static byte[]? t_listing;

    private static ReadOnlySpan<byte> Prefix => ".wh."u8;

    /// <summary>True for the name of a mark, which the merged view does not show.</summary>
    public static bool IsMark(Name name) => name.StartsWith(Prefix);

    /// <summary>The name that a mark hides; empty for the marks of the directory itself (".wh..wh.").</summary>
    public static ReadOnlySpan<byte> HiddenName(Name mark) =>
        mark.Bytes[Prefix.Length..].StartsWith(Prefix) ? default : mark.Bytes[Prefix.Length..];

    /// <summary>Checks whether a directory hides a name in the layers below.</summary>
    /// <param name="directory">The directory in its layer.</param>
    /// <param name="holdsAny">Says whether it holds marks, as far as that is known.</param>
    /// <param name="name">The name.</param>
    /// <param name="hides">The answer.</param>
    public static Errno Hides(Fd directory, ref Known holdsAny, Name name, out bool hides)
    {
        hides = false;
        Errno error;
        if (holdsAny == Known.NotYet)
        {
            if ((error = HoldsAny(directory, out bool any)) != Errno.None)
                return error;
            // Another thread may have made a mark meanwhile.
            _ = Interlocked.CompareExchange(ref holdsAny, any ? Known.Yes : Known.No, Known.NotYet);
        }
        if (holdsAny == Known.No || name.Length > LongestName)
            return Errno.None;
        Span<byte> buffer = stackalloc byte[NameSize];
        error = Sys.StatxAt(directory, MarkOf(name, buffer), out _, StatxMask.Type);
        hides = error == Errno.None;
        return error is Errno.ENOENT ? Errno.None : error;
    }

    /// <summary>Makes the mark of a name in an upper directory.</summary>
    /// <returns>ENAMETOOLONG for a name that is too long for a mark.</returns>
    public static Errno Make(Fd directory, Name name)
    {
        if (name.Length > LongestName)
            return Errno.ENAMETOOLONG;
        Span<byte> buffer = stackalloc byte[NameSize];
        Errno error = Sys.MkNodAt(directory, MarkOf(name, buffer), (uint)FileType.Regular | Permissions.OwnerReadWrite, 0);
        return error == Errno.EEXIST ? Errno.None : error;
    }

    /// <summary>Removes the mark of a name, if there is one.</summary>
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
        Errno error;
        if ((error = Sys.OpenUnnoticedAt(directory, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened)) != Errno.None)
            return error;
        using var listed = new ScopedFd(opened);
        byte[] buffer = t_listing ??= new byte[ListingSize];
        do
        {
            if ((error = Sys.GetDents(listed, buffer, out int length)) != Errno.None)
                return error;
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
