using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Metacopies: files whose xattr "metacopy" says that their data lie in a lower layer (ovl_check_metacopy_xattr). The value is empty, or
/// struct ovl_metacopy: version 0, length, flags 0, algorithm and bytes of an fs-verity digest.
/// </summary>
/// <param name="xattrs">Which private names are used.</param>
/// <param name="options">What metacopy= and verity= say.</param>
internal sealed class Metacopy(OverlayXattr xattrs, OverlayOptions options)
{
    private const int HeaderSize = 4;
    private const int MaxSize = HeaderSize + 64;

    /// <summary>Whether metacopies are made, and those of lower layers followed; where not, what is one answers EPERM.</summary>
    public bool IsOn => options.Metacopy;

    /// <summary>Whether a file of a layer is a metacopy.</summary>
    /// <returns>EIO for a mark that nobody can read.</returns>
    public Errno IsMarked(Fd directory, Name name, out bool metacopy)
    {
        Span<byte> value = stackalloc byte[MaxSize];
        Errno error = Sys.GetXattrAt(directory, name, xattrs.Metacopy, value, out int length);
        metacopy = error == Errno.None;
        if (error is Errno.ENODATA or Errno.EOPNOTSUPP)
            return Errno.None;
        if (error != Errno.None)
            return error == Errno.ERANGE ? Errno.EIO : error;
        bool isValid = length == 0 || (length >= HeaderSize && value[0] == 0 && value[1] == length && value[2] == 0);
        return isValid ? Errno.None : Errno.EIO;
    }

    /// <summary>Marks a copy whose data stay below.</summary>
    public Errno Mark(Fd directory, Name name) => Sys.SetXattrAt(directory, name, xattrs.Metacopy, default);

    /// <summary>Its data have come.</summary>
    public Errno Unmark(Fd file) => Sys.RemoveXattrAt(file, Name.Empty, xattrs.Metacopy);
}
