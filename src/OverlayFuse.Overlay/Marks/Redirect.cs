using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Redirects: xattr "redirect" on a directory, or on a file without data of its own, says under which name or path its lower part lies
/// (ovl_check_redirect, ovl_set_redirect). A name means the same parent; a path with a leading '/' starts at the root of the overlay.
/// </summary>
/// <param name="xattrs">Which private names are used.</param>
/// <param name="asked">What redirect_dir says; null: marks that any user can write are not followed.</param>
internal sealed class Redirect(OverlayXattr xattrs, RedirectMode? asked)
{
    /// <summary>redirect_max: what gets longer is not made; mv(1) copies then.</summary>
    private const int LongestMade = 256;

    /// <summary>Enough for any but forged ones.</summary>
    private const int LongestUsual = 4096;

    /// <summary>XATTR_SIZE_MAX: what a layer may say.</summary>
    private const int LongestRead = 64 << 10;

    private readonly RedirectMode _mode = asked ?? (xattrs.IsUser ? RedirectMode.NoFollow : RedirectMode.Follow);

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Whether redirects that are there lead anywhere; where not, what needs one answers EPERM.</summary>
    public bool IsFollowed => _mode != RedirectMode.NoFollow;

    /// <summary>Whether a rename of a lower directory makes one; where not, it answers EXDEV.</summary>
    public bool IsMade => _mode == RedirectMode.On;

    /// <summary>Reads the redirect of an entry in a layer. Names in it may be anything: "." and ".." too, and longer than a file's can be.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="redirect">The value, up to the first NUL in it, with a NUL behind it; null when there is none.</param>
    /// <returns>EINVAL for one that is not a name nor a path (ovl_get_redirect_xattr).</returns>
    public Errno Read(Fd directory, Name name, out byte[]? redirect)
    {
        redirect = null;
        byte[] buffer = t_buffer ??= new byte[LongestUsual];
        Errno error = Sys.GetXattrAt(directory, name, xattrs.Redirect, buffer, out int length);
        if (error == Errno.ERANGE)
            error = Sys.GetXattrAt(directory, name, xattrs.Redirect, buffer = new byte[LongestRead], out length);
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

    /// <summary>
    /// Sets the redirect of what is about to be renamed, unless it has one that still holds. Under the locks of both names.
    /// </summary>
    /// <param name="moved">A directory with lower parts, or a file whose data lie below.</param>
    /// <param name="upper">Where it is.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="absolute">The new name lies elsewhere, or the file has other names elsewhere.</param>
    /// <returns>EXDEV when it cannot be had, as the kernel answers.</returns>
    public Errno Set(Inode moved, Fd upper, Name name, bool absolute)
    {
        if (moved.Redirect is { } known && (!absolute || known[0] == (byte)'/'))
            return Errno.None;
        if (Make(moved, name, absolute) is not { } made || Sys.SetXattrAt(upper, name, xattrs.Redirect, made.AsSpan(0, made.Length - 1)) != Errno.None)
            return Errno.EXDEV;
        moved.Redirect = made;
        return Errno.None;
    }

    /// <summary>
    /// The path by which the lower layers know an inode: upwards to the first that has an absolute redirect, or to the root.
    /// </summary>
    /// <returns>With a NUL behind it; null when it is too long.</returns>
    private static byte[]? Make(Inode moved, Name name, bool absolute)
    {
        if (!absolute)
            return name.ToArray();
        Span<byte> path = stackalloc byte[LongestMade + 1];
        int start = LongestMade;
        path[start] = 0;
        for (Inode inode = moved; inode.Place!.Parent is { } parent && !ReferenceEquals(inode, parent); inode = parent)
        {
            ReadOnlySpan<byte> part = inode.Redirect is { } redirect ? redirect.AsSpan(0, redirect.Length - 1) : inode.Place.Name.Bytes;
            bool isAbsolute = part[0] == (byte)'/';
            if (part.Length + (isAbsolute ? 0 : 1) > start)
                return null;
            start -= part.Length;
            part.CopyTo(path[start..]);
            if (isAbsolute)
                break;
            path[--start] = (byte)'/';
        }
        return path[start..].ToArray();
    }

    /// <summary>A name has no '/'; a path begins with one, and has a name behind each.</summary>
    private static bool IsNameOrPath(ReadOnlySpan<byte> value)
    {
        if (value is not [(byte)'/', ..])
            return !value.Contains((byte)'/');
        return value[^1] != (byte)'/' && value.IndexOf("//"u8) < 0;
    }
}
