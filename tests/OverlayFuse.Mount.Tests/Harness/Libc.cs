using System.Runtime.InteropServices;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// The system calls that Mono.Unix lacks, with their native spelling. Names go as NUL-terminated bytes (<see cref="Bytes"/>).
/// </summary>
internal static class Libc
{
    public const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_SYMLINK_FOLLOW = 0x400, AT_EMPTY_PATH = 0x1000;
    public const int SEEK_DATA = 3, SEEK_HOLE = 4;
    public const int MS_RDONLY = 1, MS_NOSUID = 2, MS_REMOUNT = 32, MS_NOATIME = 1024, MNT_DETACH = 2;
    public const int CLONE_FS = 0x200;
    public const int F_OFD_SETLK = 37, F_OFD_SETLKW = 38;
    public const uint FICLONE = 0x40049409, FS_IOC_GETFLAGS = 0x80086601, FS_IOC_SETFLAGS = 0x40086602;
    public const int SYS_setgroups = 116, SYS_setresuid = 117, SYS_setresgid = 119, SYS_pidfd_open = 434,
        SYS_open_tree = 428, SYS_move_mount = 429, SYS_fsopen = 430, SYS_fsconfig = 431, SYS_fsmount = 432, SYS_mount_setattr = 442;

    public static byte[] Bytes(string name) => [.. Values.NameBytes(name), 0];

    [DllImport("libc", SetLastError = true)] public static extern int openat(int dirfd, byte[] path, O flags, uint mode);
    [DllImport("libc", SetLastError = true)]
    public static extern int renameat2(int olddir, byte[] oldpath, int newdir, byte[] newpath,
        RenameFlags flags);
    [DllImport("libc", SetLastError = true)]
    public static extern int linkat(int olddir, byte[] oldpath, int newdir, byte[] newpath,
        int flags);
    [DllImport("libc", SetLastError = true)] public static extern int mknod(byte[] path, uint mode, ulong dev);
    [DllImport("libc", SetLastError = true)] public static extern int fallocate(int fd, FallocFlags mode, long offset, long length);
    [DllImport("libc", SetLastError = true)] public static extern long lseek(int fd, long offset, int whence);
    [DllImport("libc", SetLastError = true)]
    public static extern nint copy_file_range(int fdin, ref long offin, int fdout, ref long offout,
        nuint length, uint flags);
    [DllImport("libc", SetLastError = true)]
    public static extern int mount(byte[] source, byte[] target, byte[] type, ulong flags,
        byte[] data);
    [DllImport("libc", SetLastError = true)] public static extern int umount2(byte[] target, int flags);
    [DllImport("libc", SetLastError = true)] public static extern int flock(int fd, LockFlags operation);
    [DllImport("libc", SetLastError = true)] public static extern int fcntl(int fd, int command, ref FlockRange range);
    [DllImport("libc", SetLastError = true)] public static extern int ioctl(int fd, nuint request, nint argument);
    [DllImport("libc", SetLastError = true)] public static extern int ioctl(int fd, nuint request, ref long argument);
    [DllImport("libc", SetLastError = true)] public static extern int dirfd(nint directory);
    [DllImport("libc", SetLastError = true)] public static extern int unshare(int flags);
    [DllImport("libc", SetLastError = true)] public static extern int syncfs(int fd);
    [DllImport("libc", SetLastError = true)] public static extern int posix_fadvise(int fd, long offset, long length, int advice);
    [DllImport("libc", SetLastError = true)] public static extern long syscall(long number, long a, long b, long c);
    [DllImport("libc", SetLastError = true)] public static extern long syscall(long number, long a, uint[] b, long c);
    [DllImport("libc", SetLastError = true)] public static extern long syscall(long number, byte[] a, long b);
    [DllImport("libc", SetLastError = true)] public static extern long syscall(long number, long a, long b, byte[]? c, byte[]? d, long e);
    [DllImport("libc", SetLastError = true)] public static extern long syscall(long number, long a, byte[] b, long c);
    [DllImport("libc", SetLastError = true)] public static extern long syscall(long number, long a, byte[] b, long c, byte[] d, long e);
    [DllImport("libc", SetLastError = true)]
    public static extern long syscall(long number, long a, byte[] b, long c, MountAttributes d,
        long e);
}

/// <summary>open(2)'s flags, x86-64.</summary>
[Flags]
internal enum O
{
    RDONLY = 0, WRONLY = 1, RDWR = 2, CREAT = 0x40, EXCL = 0x80, TRUNC = 0x200, APPEND = 0x400, NONBLOCK = 0x800, DIRECT = 0x4000,
    DIRECTORY = 0x10000, NOFOLLOW = 0x20000, NOATIME = 0x40000, CLOEXEC = 0x80000, PATH = 0x200000, TMPFILE = 0x400000 | DIRECTORY,
}

/// <summary>renameat2(2)'s flags.</summary>
[Flags]
internal enum RenameFlags
{
    None = 0, NoReplace = 1, Exchange = 2, Whiteout = 4,
}

/// <summary>fallocate(2)'s modes.</summary>
[Flags]
internal enum FallocFlags
{
    None = 0, KeepSize = 1, PunchHole = 2, CollapseRange = 8, ZeroRange = 0x10, InsertRange = 0x20,
}

/// <summary>flock(2)'s operations.</summary>
[Flags]
internal enum LockFlags
{
    Shared = 1, Exclusive = 2, NonBlocking = 4, Unlock = 8,
}

/// <summary>fcntl(2)'s struct flock, x86-64.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct FlockRange
{
    public short Type, Whence;
    public long Start, Length;
    public int Pid;
}

/// <summary>mount_setattr(2)'s struct mount_attr.</summary>
[StructLayout(LayoutKind.Sequential)]
internal sealed class MountAttributes
{
    public const ulong IdMap = 0x0010_0000;

    public ulong Set, Clear, Propagation, UserNamespace;
}
