using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Marks;

/// <summary>The changes of an inode that chattr(1) forbids. It is one byte, so that it can be read and written without a lock.</summary>
[Flags]
internal enum Protection : byte
{
    /// <summary>Everything is allowed.</summary>
    None = 0,

    /// <summary>+a: FS_APPEND_FL.</summary>
    Append = 1,

    /// <summary>+i: FS_IMMUTABLE_FL.</summary>
    Immutable = 2,

    /// <summary>+a or +i.</summary>
    Any = Append | Immutable,

    /// <summary>The flags have not been read yet.</summary>
    NotRead = 0x80,
}

/// <summary>
/// Xattr "protattr" of an upper file or directory: the flags of <see cref="Protection"/> that its inode has in the merged view
/// (ovl_set_protattr). The file on disk does not have them, so that the overlay can go on linking and renaming it.
/// </summary>
internal static class ProtectionXattr
{
    private const int LongestValue = 32;

    /// <summary>Reads the xattr. A value with another byte than 'a' and 'i' counts as empty (ovl_check_protattr).</summary>
    public static Errno Read(OverlayXattr xattrs, Fd directory, Name name, out Protection protection)
    {
        protection = Protection.None;
        Span<byte> value = stackalloc byte[LongestValue];
        Errno error = Sys.GetXattrAt(directory, name, xattrs.Protattr, value, out int length);
        // EACCES: user.* of a file that the daemon may not read.
        if (error is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ERANGE or Errno.EACCES)
            return Errno.None;
        if (error != Errno.None)
            return error;
        Protection read = Protection.None;
        foreach (byte flag in value[..length])
        {
            if (flag is not ((byte)'a' or (byte)'i'))
                return Errno.None;
            read |= flag == 'a' ? Protection.Append : Protection.Immutable;
        }
        protection = read;
        return Errno.None;
    }

    /// <summary>Writes the xattr.</summary>
    /// <returns>EPERM if the file can have no such xattr.</returns>
    public static Errno Write(OverlayXattr xattrs, Fd directory, Name name, Protection protection)
    {
        ReadOnlySpan<byte> value = protection switch
        {
            Protection.Append => "a"u8,
            Protection.Immutable => "i"u8,
            _ => "ai"u8,
        };
        Errno error = Sys.SetXattrAt(directory, name, xattrs.Protattr, value);
        return error == Errno.EOPNOTSUPP ? Errno.EPERM : error;
    }

    /// <summary>Removes the xattr, if it is there.</summary>
    public static Errno Remove(OverlayXattr xattrs, Fd directory, Name name)
    {
        Errno error = Sys.RemoveXattrAt(directory, name, xattrs.Protattr);
        return error is Errno.ENODATA or Errno.EOPNOTSUPP ? Errno.None : error;
    }

    /// <summary>
    /// The flags that chattr(1) has set on a file of a layer. EROFS calls every file immutable (erofs_getattr), but the VFS does not
    /// enforce that.
    /// </summary>
    public static Protection OfRealFile(LayerStack layers, in Statx stat)
    {
        if ((stat.Attributes & (StatxAttributes.Append | StatxAttributes.Immutable)) == 0)
            return Protection.None;
        ulong dev = stat.Dev;
        if (layers.Lowers.Concat(layers.DataLayers).Any(layer => layer.IsErofs && layer.Dev == dev))
            return Protection.None;
        return ((stat.Attributes & StatxAttributes.Append) != 0 ? Protection.Append : Protection.None)
            | ((stat.Attributes & StatxAttributes.Immutable) != 0 ? Protection.Immutable : Protection.None);
    }
}
