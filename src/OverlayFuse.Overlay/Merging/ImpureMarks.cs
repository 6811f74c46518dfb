using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// Xattr "impure" of upper directories: only entries of such a directory may have an origin, so only they are asked for one.
/// Directories keep the answer.
/// </summary>
/// <param name="xattrs">Which private names are used.</param>
internal sealed class ImpureMarks(OverlayXattr xattrs)
{
    /// <summary>
    /// True if entries of an upper directory may have an origin. Also true if the mark cannot be read: asking each entry is slower, but
    /// right.
    /// </summary>
    public bool Is(Inode directory, Fd upper)
    {
        DirectoryNode node = directory.Directory!;
        if (node.IsImpure != Known.NotYet)
            return node.IsImpure == Known.Yes;
        Span<byte> value = stackalloc byte[8];
        Errno error = Sys.GetXattrAt(upper, Name.Empty, xattrs.Impure, value, out int length);
        if (error is not (Errno.None or Errno.ENODATA or Errno.EOPNOTSUPP))
            return true;
        bool impure = error == Errno.None && length == 1 && value[0] == (byte)'y';
        return node.LearnImpure(impure);
    }

    /// <summary>
    /// Marks an upper directory before an entry with an origin comes into it (ovl_set_impure). Under the lock of its names.
    /// </summary>
    public Errno Set(Inode directory, Fd upper)
    {
        Errno error;
        // Is() also says true if the mark could not be read.
        if (Is(directory, upper) && directory.Directory!.IsImpure == Known.Yes)
            return Errno.None;
        if ((error = Sys.SetXattrAt(upper, Name.Empty, xattrs.Impure, "y"u8)) != Errno.None)
            return error;
        directory.Directory!.MarkImpure();
        return Errno.None;
    }
}
