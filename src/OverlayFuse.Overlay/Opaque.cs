using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Opaque directories hide what lies below them: xattr "opaque" with value "y" (ovl_is_opaquedir), or the file ".wh..wh..opq" of AUFS.
/// </summary>
internal static class Opaque
{
    private static Name AufsMark => new(".wh..wh..opq\0"u8);

    /// <summary>Whether a directory in a layer hides the layers below.</summary>
    /// <param name="xattrs">Which private names are used.</param>
    /// <param name="parent">The directory that holds it.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="opaque">The answer.</param>
    public static Errno IsMarked(OverlayXattr xattrs, Fd parent, Name name, out bool opaque)
    {
        Span<byte> value = stackalloc byte[8];
        Errno error = Sys.GetXattrAt(parent, name, xattrs.Opaque, value, out int length);
        opaque = error == Errno.None && length == 1 && value[0] == (byte)'y';
        if (error is Errno.ENODATA && xattrs.IsUser) // written by fuse-overlayfs
        {
            error = Sys.GetXattrAt(parent, name, new Name("user.fuseoverlayfs.opaque\0"u8), value, out length);
            opaque = error == Errno.None && length == 1 && value[0] == (byte)'y';
        }
        return error is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ERANGE ? Errno.None : error;
    }

    /// <summary>Whether a lower directory has the mark of AUFS.</summary>
    public static Errno IsMarkedByAufs(Fd directory, out bool opaque)
    {
        Errno error = Sys.StatxAt(directory, AufsMark, out _, StatxMask.Type);
        opaque = error == Errno.None;
        return error is Errno.ENOENT ? Errno.None : error;
    }

    /// <summary>Makes an upper directory opaque.</summary>
    public static Errno Mark(OverlayXattr xattrs, Fd parent, Name name) => Sys.SetXattrAt(parent, name, xattrs.Opaque, "y"u8);

    /// <summary>Puts the mark of AUFS into an upper directory; what is not seen in the merged view does not change its times either.</summary>
    public static Errno MarkForAufs(Fd parent, Name name)
    {
        if (Sys.OpenAt(parent, name, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out Fd opened) is not Errno.None and var error)
            return error;
        using var directory = new ScopedFd(opened);
        if (Sys.FStatx(directory, out Statx before) is not Errno.None and var unseen)
            return unseen;
        error = Sys.MkNodAt(directory, AufsMark, (uint)FileType.Regular | 0x180, 0);
        if (error != Errno.None)
            return error == Errno.EEXIST ? Errno.None : error;
        return Sys.UTimeNsAt(directory, Name.Empty, before.Atime.ToTimeSpec(), before.Mtime.ToTimeSpec());
    }
}
