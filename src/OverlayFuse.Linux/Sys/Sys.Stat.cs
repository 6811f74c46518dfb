using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    /// <summary>statx(2) of a name, not following symbolic links; with <see cref="Name.Empty"/> of the descriptor itself.</summary>
    public static Errno StatxAt(Fd directory, Name name, out Statx result, StatxMask mask = StatxMask.BasicStats)
    {
        AtFlags flags = AtFlags.SymLinkNoFollow | AtFlags.NoAutomount | (name.Length == 0 ? AtFlags.EmptyPath : AtFlags.None);
        fixed (byte* path = name.WithNul)
        fixed (Statx* to = &result)
            return Result(Libc.statx(directory.Number, path, (int)flags, (uint)mask, to));
    }

    /// <summary>
    /// statx(2) of a path with AT_STATX_DONT_SYNC: the attributes that the kernel has cached, without asking the server of the file system.
    /// </summary>
    public static Errno StatxUnasked(Name path, out Statx result, StatxMask mask)
    {
        AtFlags flags = AtFlags.SymLinkNoFollow | AtFlags.NoAutomount | AtFlags.StatxDontSync;
        fixed (byte* bytes = path.WithNul)
        fixed (Statx* to = &result)
            return Result(Libc.statx(Fd.WorkingDirectory.Number, bytes, (int)flags, (uint)mask, to));
    }

    /// <summary>statx(2) of an open descriptor with AT_STATX_DONT_SYNC.</summary>
    public static Errno FStatxUnasked(Fd fd, out Statx result, StatxMask mask)
    {
        fixed (byte* empty = Name.Empty.WithNul)
        fixed (Statx* to = &result)
            return Result(Libc.statx(fd.Number, empty, (int)(AtFlags.EmptyPath | AtFlags.StatxDontSync), (uint)mask, to));
    }

    /// <summary>statx(2) of an open descriptor.</summary>
    public static Errno FStatx(Fd fd, out Statx result, StatxMask mask = StatxMask.BasicStats) =>
        StatxAt(fd, Name.Empty, out result, mask);

    /// <summary>fstatfs(2).</summary>
    public static Errno FStatFs(Fd fd, out StatFs result)
    {
        fixed (StatFs* to = &result)
            return Result(Libc.fstatfs(fd.Number, to));
    }

    /// <summary>
    /// The s_uuid of the superblock: by FS_IOC_GETFSUUID (6.9), or by BTRFS_IOC_FS_INFO for btrfs, which does not answer that one.
    /// </summary>
    /// <param name="fd">A descriptor on the file system; not of O_PATH.</param>
    /// <param name="uuid">16 bytes.</param>
    /// <returns>ENOTTY if the kernel or the file system has none.</returns>
    public static Errno GetFileSystemUuid(Fd fd, Span<byte> uuid)
    {
        const nuint FS_IOC_GETFSUUID = 0x80111500;
        byte* answer = stackalloc byte[17];
        Errno error = Result(Libc.ioctl(fd.Number, FS_IOC_GETFSUUID, answer));
        if (error == Errno.None && answer[0] != 16)
            error = Errno.ENOTTY;
        if (error == Errno.None)
            new ReadOnlySpan<byte>(answer + 1, 16).CopyTo(uuid);
        return error == Errno.ENOTTY ? GetFileSystemUuidByType(fd, uuid) : error;
    }

    /// <summary>FS_IOC_FSGETXATTR: the project id, for quotas.</summary>
    /// <param name="fd">A file or directory; not of O_PATH.</param>
    /// <param name="project">Its id.</param>
    /// <param name="isInherited">FS_XFLAG_PROJINHERIT: new entries of the directory get the id.</param>
    /// <returns>ENOTTY if the file system has no such ids.</returns>
    public static Errno GetProject(Fd fd, out uint project, out bool isInherited)
    {
        const nuint FS_IOC_FSGETXATTR = 0x801C581F;
        const uint FS_XFLAG_PROJINHERIT = 0x200;
        uint* answer = stackalloc uint[7];
        Errno error = Result(Libc.ioctl(fd.Number, FS_IOC_FSGETXATTR, (byte*)answer));
        project = error == Errno.None ? answer[3] : 0;
        isInherited = error == Errno.None && (answer[0] & FS_XFLAG_PROJINHERIT) != 0;
        return error;
    }

    /// <summary>The ioctls of single file systems, for kernels before 6.9. They agree with s_uuid.</summary>
    /// <param name="fd">Any file of the file system.</param>
    /// <param name="uuid">16 bytes.</param>
    /// <returns>ENOTTY if the file system has none or does not give it.</returns>
    public static Errno GetFileSystemUuidByType(Fd fd, Span<byte> uuid)
    {
        Errno error = GetExt4Uuid(fd, uuid);
        if (error == Errno.ENOTTY)
            error = GetXfsUuid(fd, uuid);
        return error == Errno.ENOTTY ? GetBtrfsUuid(fd, uuid) : error;
    }

    /// <summary>EXT4_IOC_GETFSUUID (6.0): struct fsuuid, length and flags before the bytes.</summary>
    private static Errno GetExt4Uuid(Fd fd, Span<byte> uuid)
    {
        const nuint EXT4_IOC_GETFSUUID = 0x8008662C;
        uint* answer = stackalloc uint[6];
        answer[0] = 16;
        answer[1] = 0;
        Errno error = Result(Libc.ioctl(fd.Number, EXT4_IOC_GETFSUUID, (byte*)answer));
        if (error == Errno.None)
            new ReadOnlySpan<byte>(answer + 2, 16).CopyTo(uuid);
        return error;
    }

    /// <summary>XFS_IOC_FSGEOMETRY_V1: struct xfs_fsop_geom_v1, 112 bytes, the UUID behind 8 numbers of 4 bytes and 4 of 8.</summary>
    private static Errno GetXfsUuid(Fd fd, Span<byte> uuid)
    {
        const nuint XFS_IOC_FSGEOMETRY_V1 = 0x80705864;
        byte* answer = stackalloc byte[112];
        Errno error = Result(Libc.ioctl(fd.Number, XFS_IOC_FSGEOMETRY_V1, answer));
        if (error == Errno.None)
            new ReadOnlySpan<byte>(answer + 64, 16).CopyTo(uuid);
        return error;
    }

    /// <summary>struct btrfs_ioctl_fs_info_args: 1024 bytes, fsid behind two numbers of 8.</summary>
    private static Errno GetBtrfsUuid(Fd fd, Span<byte> uuid)
    {
        const nuint BTRFS_IOC_FS_INFO = 0x8400941F;
        byte* answer = stackalloc byte[1024];
        // No flags: no more than the basic fields is wanted.
        new Span<byte>(answer, 1024).Clear();
        Errno error = Result(Libc.ioctl(fd.Number, BTRFS_IOC_FS_INFO, answer));
        if (error == Errno.None)
            new ReadOnlySpan<byte>(answer + 16, 16).CopyTo(uuid);
        return error;
    }
}
