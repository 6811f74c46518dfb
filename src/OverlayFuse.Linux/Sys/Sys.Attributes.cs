using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    private const long SYS_fchmodat2 = 452;

    /// <summary>fchownat(2), not following symbolic links; <see cref="Name.Empty"/> for the descriptor itself.</summary>
    /// <param name="directory">The directory of <paramref name="name"/>.</param>
    /// <param name="name">The file.</param>
    /// <param name="uid">The new owner; uint.MaxValue keeps the old one.</param>
    /// <param name="gid">The new group; uint.MaxValue keeps the old one.</param>
    public static Errno FChownAt(Fd directory, Name name, uint uid, uint gid)
    {
        AtFlags flags = AtFlags.SymLinkNoFollow | (name.Length == 0 ? AtFlags.EmptyPath : AtFlags.None);
        fixed (byte* path = name.WithNul)
            return Result(Libc.fchownat(directory.Number, path, uid, gid, (int)flags));
    }

    /// <summary>fchmodat2(2) (6.6), not following symbolic links. Older kernels: through an O_PATH descriptor and /proc/self/fd.</summary>
    public static Errno FChModAt(Fd directory, Name name, uint mode)
    {
        AtFlags flags = AtFlags.SymLinkNoFollow | (name.Length == 0 ? AtFlags.EmptyPath : AtFlags.None);
        fixed (byte* path = name.WithNul)
        {
            long returned = Libc.syscall(SYS_fchmodat2, directory.Number, (nint)path, (nint)mode, (nint)flags, 0, 0);
            // Seccomp filters that do not know the call answer EPERM.
            if (returned == 0 || LastError() is not (Errno.ENOSYS or Errno.EPERM))
                return Result((int)returned);
        }
        if (name.Length == 0)
            return ChModThroughProc(directory, mode);
        Errno error;
        if ((error = OpenAt(directory, name, OpenFlags.Path | OpenFlags.NoFollow, out Fd opened)) != Errno.None)
            return error;
        using var file = new ScopedFd(opened);
        return ChModThroughProc(file, mode);
    }

    /// <summary>utimensat(2), not following symbolic links; <see cref="Name.Empty"/> for the descriptor itself.</summary>
    public static Errno UTimeNsAt(Fd directory, Name name, TimeSpec atime, TimeSpec mtime)
    {
        TimeSpec* times = stackalloc TimeSpec[2] { atime, mtime };
        AtFlags flags = AtFlags.SymLinkNoFollow | (name.Length == 0 ? AtFlags.EmptyPath : AtFlags.None);
        fixed (byte* path = name.WithNul)
        {
            int returned = Libc.utimensat(directory.Number, path, times, (int)flags);
            // utimensat(2) takes AT_EMPTY_PATH since 5.8.
            if (returned < 0 && LastError() == Errno.EINVAL && name.Length == 0)
                return UTimeNsThroughProc(directory, times);
            return Result(returned);
        }
    }

    private static Errno ChModThroughProc(Fd fd, uint mode)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = ProcPath(fd, Name.Empty, buffer).WithNul)
            return Result(Libc.chmod(path, mode));
    }

    private static Errno UTimeNsThroughProc(Fd fd, TimeSpec* times)
    {
        Span<byte> buffer = stackalloc byte[ProcPathSize];
        fixed (byte* path = ProcPath(fd, Name.Empty, buffer).WithNul)
            return Result(Libc.utimensat(Fd.WorkingDirectory.Number, path, times, 0));
    }
}
