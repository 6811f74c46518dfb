using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Metacopies: files whose xattr "metacopy" says that their data are in a lower layer (ovl_check_metacopy_xattr). The value is empty, or a
/// struct ovl_metacopy: version 0, length, flags 0, algorithm and bytes of an fs-verity digest.
/// </summary>
/// <param name="xattrs">The private names.</param>
/// <param name="options">The options metacopy= and verity=.</param>
internal sealed class Metacopy(OverlayXattr xattrs, OverlayOptions options)
{
    private const int HeaderSize = 4;
    private const int AlgorithmOffset = 3;
    private const int MaxSize = HeaderSize + Sys.MaxVerityDigest;

    /// <summary>True if metacopies are created and followed. If false, opening a metacopy fails with EPERM.</summary>
    public bool IsOn => options.Metacopy;

    /// <summary>True if data are compared with the digest that a metacopy names.</summary>
    public bool IsVerified => options.Verity != VerityMode.Off;

    /// <summary>
    /// Checks whether a file of a layer is a metacopy. A file that the mounter may not read is none: its user.* cannot be read either.
    /// </summary>
    /// <returns>EIO for a mark that is too short (ovl_check_metacopy_xattr). Its content counts only when it is compared with
    /// data.</returns>
    public Errno IsMarked(Fd directory, Name name, out bool metacopy)
    {
        Errno error = Sys.GetXattrAt(directory, name, xattrs.Metacopy, default, out int length);
        metacopy = error == Errno.None;
        if (error is Errno.ENODATA or Errno.EOPNOTSUPP || (error == Errno.EACCES && xattrs.IsUser))
            return Errno.None;
        return metacopy && length is > 0 and < HeaderSize ? Errno.EIO : error;
    }

    /// <summary>Marks a copy whose data stay below, with their digest if the options ask for it (ovl_set_verity_xattr_from).</summary>
    /// <param name="directory">The directory that holds the copy.</param>
    /// <param name="name">The copy.</param>
    /// <param name="data">The file with the data. It is only read if <see cref="IsVerified"/>.</param>
    /// <returns>EIO if the data must have a digest and have none.</returns>
    public Errno Mark(Fd directory, Name name, Fd data)
    {
        Span<byte> value = stackalloc byte[MaxSize];
        int length = 0;
        if (IsVerified && Sys.MeasureVerity(data, value[HeaderSize..], out int algorithm, out int digest) == Errno.None)
        {
            length = HeaderSize + digest;
            (value[0], value[1], value[2], value[AlgorithmOffset]) = (0, (byte)length, 0, (byte)algorithm);
        }
        return length == 0 && options.Verity == VerityMode.Require
            ? Errno.EIO
            : Sys.SetXattrAt(directory, name, xattrs.Metacopy, value[..length]);
    }

    /// <summary>
    /// True if a copy of this file may leave its data below. With verity=require the data must have a digest (ovl_need_meta_copy_up).
    /// </summary>
    public bool MayLeave(Fd data) =>
        options.Verity != VerityMode.Require
        || Sys.MeasureVerity(data, stackalloc byte[Sys.MaxVerityDigest], out _, out _) == Errno.None;

    /// <summary>Compares the data of a metacopy with the digest that it names (ovl_validate_verity).</summary>
    /// <param name="directory">The directory that holds the topmost metacopy.</param>
    /// <param name="name">That metacopy.</param>
    /// <param name="data">The file with the data.</param>
    /// <returns>EIO if they differ, or if one of them must have a digest and has none.</returns>
    public Errno Verify(Fd directory, Name name, Fd data)
    {
        Span<byte> value = stackalloc byte[MaxSize];
        Errno error;
        if ((error = Read(directory, name, value, out int length)) != Errno.None)
            return error;
        if (length <= HeaderSize)
            return options.Verity == VerityMode.Require ? Errno.EIO : Errno.None;
        Span<byte> digest = stackalloc byte[Sys.MaxVerityDigest];
        bool isSame = Sys.MeasureVerity(data, digest, out int algorithm, out int digestLength) == Errno.None
            && algorithm == value[AlgorithmOffset] && digest[..digestLength].SequenceEqual(value[HeaderSize..length]);
        return isSame ? Errno.None : Errno.EIO;
    }

    /// <summary>Removes the mark of a file that has got its data.</summary>
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
