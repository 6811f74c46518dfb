using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Metacopies: files whose xattr "metacopy" says that their data lie in a lower layer (ovl_check_metacopy_xattr). The value is empty, or
/// struct ovl_metacopy: version 0, length, flags 0, algorithm and bytes of an fs-verity digest.
/// </summary>
/// <param name="xattrs">Which private names are used.</param>
/// <param name="options">What metacopy= and verity= say.</param>
internal sealed class Metacopy(OverlayXattr xattrs, OverlayOptions options)
{
    private const int HeaderSize = 4;
    private const int AlgorithmOffset = 3;
    private const int MaxSize = HeaderSize + Sys.MaxVerityDigest;

    /// <summary>Whether metacopies are made, and those of lower layers followed; where not, what is one answers EPERM.</summary>
    public bool IsOn => options.Metacopy;

    /// <summary>Whether data are compared with the digest that a metacopy names.</summary>
    public bool IsVerified => options.Verity != VerityMode.Off;

    /// <summary>Whether a file of a layer is a metacopy. Of a file that the mounter may not read, user.* cannot be read either: then it is none.</summary>
    /// <returns>EIO for a mark that is too short to be one (ovl_check_metacopy_xattr); what is in it matters where it is compared with data.</returns>
    public Errno IsMarked(Fd directory, Name name, out bool metacopy)
    {
        Errno error = Sys.GetXattrAt(directory, name, xattrs.Metacopy, default, out int length);
        metacopy = error == Errno.None;
        if (error is Errno.ENODATA or Errno.EOPNOTSUPP || (error == Errno.EACCES && xattrs.IsUser))
            return Errno.None;
        return metacopy && length is > 0 and < HeaderSize ? Errno.EIO : error;
    }

    /// <summary>Marks a copy whose data stay below, with their digest where it is asked for (ovl_set_verity_xattr_from).</summary>
    /// <param name="directory">Where the copy is.</param>
    /// <param name="name">The copy.</param>
    /// <param name="data">The file with the data; not looked at unless <see cref="IsVerified"/>.</param>
    /// <returns>EIO when it must have a digest and has none.</returns>
    public Errno Mark(Fd directory, Name name, Fd data)
    {
        Span<byte> value = stackalloc byte[MaxSize];
        int length = 0;
        if (IsVerified && Sys.MeasureVerity(data, value[HeaderSize..], out int algorithm, out int digest) == Errno.None)
        {
            length = HeaderSize + digest;
            (value[0], value[1], value[2], value[AlgorithmOffset]) = (0, (byte)length, 0, (byte)algorithm);
        }
        return length == 0 && options.Verity == VerityMode.Require ? Errno.EIO : Sys.SetXattrAt(directory, name, xattrs.Metacopy, value[..length]);
    }

    /// <summary>Whether a copy of this file may leave its data below: not without a digest where each must have one (ovl_need_meta_copy_up).</summary>
    public bool MayLeave(Fd data) =>
        options.Verity != VerityMode.Require || Sys.MeasureVerity(data, stackalloc byte[Sys.MaxVerityDigest], out _, out _) == Errno.None;

    /// <summary>Compares the data of a metacopy with the digest that it names (ovl_validate_verity).</summary>
    /// <param name="directory">Where the topmost metacopy is.</param>
    /// <param name="name">That metacopy.</param>
    /// <param name="data">The file with the data.</param>
    /// <returns>EIO when they differ, or one of them must have a digest and has none.</returns>
    public Errno Verify(Fd directory, Name name, Fd data)
    {
        Span<byte> value = stackalloc byte[MaxSize];
        if (Read(directory, name, value, out int length) is not Errno.None and var error)
            return error;
        if (length <= HeaderSize)
            return options.Verity == VerityMode.Require ? Errno.EIO : Errno.None;
        Span<byte> digest = stackalloc byte[Sys.MaxVerityDigest];
        bool isSame = Sys.MeasureVerity(data, digest, out int algorithm, out int digestLength) == Errno.None
            && algorithm == value[AlgorithmOffset] && digest[..digestLength].SequenceEqual(value[HeaderSize..length]);
        return isSame ? Errno.None : Errno.EIO;
    }

    /// <summary>Its data have come.</summary>
    public Errno Unmark(Fd file) => Sys.RemoveXattrAt(file, Name.Empty, xattrs.Metacopy);

    private Errno Read(Fd directory, Name name, Span<byte> value, out int length)
    {
        Errno error = Sys.GetXattrAt(directory, name, xattrs.Metacopy, value, out length);
        if (error is Errno.ENODATA or Errno.EOPNOTSUPP)
            return Errno.None;
        if (error != Errno.None)
            return error == Errno.ERANGE ? Errno.EIO : error;
        bool isValid = length == 0 || (length >= HeaderSize && value[0] == 0 && value[1] == length && value[2] == 0);
        return isValid ? Errno.None : Errno.EIO;
    }
}
