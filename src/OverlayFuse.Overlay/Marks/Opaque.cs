using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Opaque directories hide the layers below them. They have xattr "opaque" with value "y" (ovl_is_opaquedir), or hold the file
/// ".wh..wh..opq" of AUFS.
/// </summary>
internal static class Opaque
{
    private static ReadOnlySpan<byte> AufsMark => ".wh..wh..opq\0"u8;

    /// <summary>Reads xattr "opaque" of a directory in a layer.</summary>
    public static Errno Read(OverlayXattr xattrs, Fd parent, Name name, out OpaqueMark mark)
    {
        Errno error = Read(parent, name, xattrs.Opaque, out mark);
        return error == Errno.ENODATA && xattrs.IsUser
            ? Tolerate(Read(parent, name, OverlayXattr.FuseOverlayfsOpaque, out mark))
            : Tolerate(error);
    }

    /// <summary>Checks whether xattr "opaque" hides the layers below.</summary>
    public static Errno IsMarked(OverlayXattr xattrs, Fd parent, Name name, out bool opaque)
    {
        Errno error = Read(xattrs, parent, name, out OpaqueMark mark);
        opaque = mark == OpaqueMark.Opaque;
        return error;
    }

    /// <summary>Reads the marks of a directory in a lower layer, the mark of AUFS included.</summary>
    /// <param name="xattrs">The private names.</param>
    /// <param name="parent">The directory that holds it.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="isBottom">True in the bottom layer. The mark of AUFS has no meaning there.</param>
    /// <param name="mark">The answer.</param>
    public static Errno ReadInLower(OverlayXattr xattrs, Fd parent, Name name, bool isBottom, out OpaqueMark mark)
    {
        Errno error = Read(xattrs, parent, name, out mark);
        if (error != Errno.None || mark != OpaqueMark.None || isBottom)
            return error;
        error = IsMarkedByAufs(parent, name, out bool opaque);
        mark = opaque ? OpaqueMark.OpaqueByAufs : OpaqueMark.None;
        return error;
    }

    /// <summary>Checks whether a directory has the mark of AUFS.</summary>
    public static Errno IsMarkedByAufs(Fd directory, out bool opaque)
    {
        Errno error = Sys.StatxAt(directory, new Name(AufsMark), out _, StatxMask.Type);
        opaque = error == Errno.None;
        return error is Errno.ENOENT ? Errno.None : error;
    }

    /// <summary>Checks whether the directory of a name has the mark of AUFS.</summary>
    public static Errno IsMarkedByAufs(Fd parent, Name name, out bool opaque)
    {
        Span<byte> path = stackalloc byte[Limits.NameMax + 1 + AufsMark.Length];
        name.Bytes.CopyTo(path);
        path[name.Length] = (byte)'/';
        AufsMark.CopyTo(path[(name.Length + 1)..]);
        Errno error = Sys.StatxAt(parent, new Name(path[..(name.Length + 1 + AufsMark.Length)]), out _, StatxMask.Type);
        opaque = error == Errno.None;
        return error is Errno.ENOENT ? Errno.None : error;
    }

    /// <summary>Makes an upper directory opaque.</summary>
    public static Errno Mark(OverlayXattr xattrs, Fd parent, Name name) => Sys.SetXattrAt(parent, name, xattrs.Opaque, "y"u8);

    /// <summary>
    /// Puts the mark of AUFS into an upper directory. The directory keeps its times, because the merged view does not show the mark.
    /// </summary>
    public static Errno MarkForAufs(Fd parent, Name name)
    {
        Errno error;
        if ((error = Sys.OpenAt(parent, name, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out Fd opened)) != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        if ((error = Sys.FStatx(directory, out Statx before)) != Errno.None)
            return error;
        error = Sys.MkNodAt(directory, new Name(AufsMark), (uint)FileType.Regular | Permissions.OwnerReadWrite, 0);
        if (error != Errno.None)
            return error == Errno.EEXIST ? Errno.None : error;
        return Sys.UTimeNsAt(directory, Name.Empty, before.Atime.ToTimeSpec(), before.Mtime.ToTimeSpec());
    }

    private static Errno Read(Fd parent, Name name, Name xattr, out OpaqueMark mark)
    {
        Span<byte> value = stackalloc byte[8];
        Errno error = Sys.GetXattrAt(parent, name, xattr, value, out int length);
        mark = (error, length, value[0]) switch
        {
            (Errno.None, 1, (byte)'y') => OpaqueMark.Opaque,
            (Errno.None, 1, (byte)'x') => OpaqueMark.HasXattrWhiteouts,
            _ => OpaqueMark.None,
        };
        return error;
    }

    private static Errno Tolerate(Errno error) => error is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.ERANGE ? Errno.None : error;
}

/// <summary>The meaning of a directory's marks.</summary>
internal enum OpaqueMark
{
    /// <summary>The directory merges with the layers below.</summary>
    None,

    /// <summary>"y": the directory hides the layers below.</summary>
    Opaque,

    /// <summary>".wh..wh..opq": the directory hides its name in the layers below. A redirect on it is followed nevertheless.</summary>
    OpaqueByAufs,

    /// <summary>"x": the directory may hold whiteouts that are files with an xattr.</summary>
    HasXattrWhiteouts,
}
