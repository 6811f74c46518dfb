using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>What chattr(1) forbids for an inode. One byte, so that it can be read and written without a lock.</summary>
[Flags]
internal enum Protection : byte
{
    /// <summary>Everything is allowed.</summary>
    None = 0,

    /// <summary>+a: FS_APPEND_FL.</summary>
    Append = 1,

    /// <summary>+i: FS_IMMUTABLE_FL.</summary>
    Immutable = 2,

    /// <summary>Either.</summary>
    Any = Append | Immutable,

    /// <summary>Nobody has asked yet.</summary>
    NotRead = 0x80,
}

/// <summary>
/// Xattr "protattr" of an upper file or directory: the flags of <see cref="Protection"/> that its inode in the merged view has, and the file on disk
/// has not (ovl_set_protattr): the overlay itself goes on linking and renaming it.
/// </summary>
internal static class ProtectionXattr
{
    private const int LongestValue = 32;

    /// <summary>Reads it. A value with another byte than 'a' and 'i' says nothing (ovl_check_protattr).</summary>
    public static Errno Read(OverlayXattr xattrs, Fd directory, Name name, out Protection protection)
    {
        protection = Protection.None;
        Span<byte> value = stackalloc byte[LongestValue];
        Errno error = Sys.GetXattrAt(directory, name, xattrs.Protattr, value, out int length);
        if (error != Errno.None)
            return error is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ERANGE or Errno.EACCES ? Errno.None : error; // EACCES: user.* of what the daemon may not read
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

    /// <summary>Writes it.</summary>
    /// <returns>EPERM where no xattr can say it.</returns>
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

    /// <summary>Removes it, if it is there.</summary>
    public static Errno Remove(OverlayXattr xattrs, Fd directory, Name name)
    {
        Errno error = Sys.RemoveXattrAt(directory, name, xattrs.Protattr);
        return error is Errno.ENODATA or Errno.EOPNOTSUPP ? Errno.None : error;
    }
}
