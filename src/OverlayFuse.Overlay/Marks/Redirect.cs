using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Redirects: xattr "redirect" on a directory, or on a file without data of its own, is the name or path of its lower part
/// (ovl_check_redirect, ovl_set_redirect). A name means the same parent; a path with a leading '/' starts at the root of the overlay.
/// </summary>
/// <param name="xattrs">The private names.</param>
/// <param name="asked">The option redirect_dir. If null, redirects that any user can write are not followed.</param>
internal sealed class Redirect(OverlayXattr xattrs, RedirectMode? asked)
{
    /// <summary>Bytes: room for any redirect but a forged one.</summary>
    private const int LongestUsual = 4096;

    private readonly RedirectMode _mode = asked ?? (xattrs.IsUser ? RedirectMode.NoFollow : RedirectMode.Follow);

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>True if redirects are followed. If false, a file that needs its redirect answers EPERM.</summary>
    public bool IsFollowed => _mode != RedirectMode.NoFollow;

    /// <summary>True if a rename of a lower directory writes a redirect. If false, it answers EXDEV.</summary>
    public bool IsMade => _mode == RedirectMode.On;

    /// <summary>Reads the redirect of an entry in a layer. A name in it can be "." or "..", or longer than the name of a file.</summary>
    /// <param name="directory">The directory that holds the entry.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="redirect">The value up to its first NUL, and a NUL; null if the entry has no redirect.</param>
    /// <returns>EINVAL for a value that is neither a name nor a path (ovl_get_redirect_xattr).</returns>
    public Errno Read(Fd directory, Name name, out byte[]? redirect)
    {
        redirect = null;
        byte[] buffer = t_buffer ??= new byte[LongestUsual];
        Errno error = Sys.GetXattrAt(directory, name, xattrs.Redirect, buffer, out int length);
        if (error == Errno.ERANGE)
            error = Sys.GetXattrAt(directory, name, xattrs.Redirect, buffer = new byte[Limits.XattrSizeMax], out length);
        if (error is Errno.ENODATA or Errno.EOPNOTSUPP)
            return Errno.None;
        if (error != Errno.None)
            return error;
        if (length == 0)
            return Errno.EINVAL;
        ReadOnlySpan<byte> value = buffer.AsSpan(0, length);
        int end = value.IndexOf((byte)0);
        value = end < 0 ? value : value[..end];
        if (!IsNameOrPath(value))
            return Errno.EINVAL;
        redirect = [.. value, 0];
        return Errno.None;
    }

    /// <summary>Writes the redirect of an upper entry.</summary>
    /// <param name="upper">The directory that holds it.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="redirect">A name or a path, with a NUL behind it.</param>
    public Errno Write(Fd upper, Name name, byte[] redirect) =>
        Sys.SetXattrAt(upper, name, xattrs.Redirect, redirect.AsSpan(0, redirect.Length - 1));

    /// <summary>A name has no '/'. A path begins with one, and has a name behind each.</summary>
    private static bool IsNameOrPath(ReadOnlySpan<byte> value)
    {
        if (value is not [(byte)'/', ..])
            return !value.Contains((byte)'/');
        return value[^1] != (byte)'/' && value.IndexOf("//"u8) < 0;
    }
}
