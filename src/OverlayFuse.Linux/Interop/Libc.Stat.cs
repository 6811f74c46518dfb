using System.Runtime.InteropServices;

namespace OverlayFuse.Linux.Interop;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int statx(int dirfd, byte* path, int flags, uint mask, Statx* result);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fstatfs(int fd, StatFs* result);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int mkdirat(int dirfd, byte* path, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int mknodat(int dirfd, byte* path, uint mode, ulong device);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fchmod(int fd, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int chmod(byte* path, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int utimensat(int dirfd, byte* path, TimeSpec* times, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int futimens(int fd, TimeSpec* times);

    [LibraryImport(Library)]
    internal static partial uint umask(uint mask);

    /// <summary>stdio.h</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int renameat2(int oldDir, byte* oldPath, int newDir, byte* newPath, uint flags);
}
