using System.Runtime.InteropServices;

namespace OverlayFuse.Linux.Interop;

/// <summary>Declarations of libc, a file per header; the wrappers are in <see cref="Sys"/>.</summary>
internal static unsafe partial class Libc
{
    private const string Library = "libc";

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int openat(int dirfd, byte* path, KernelOpenFlags flags, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fallocate(int fd, int mode, long offset, long length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int name_to_handle_at(int dirfd, byte* path, byte* handle, int* mountId, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int open_by_handle_at(int mountFd, byte* handle, KernelOpenFlags flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fcntl(int fd, int command, FLock* argument);

    /// <summary>struct flock, 64 bit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct FLock
    {
        internal short Type;
        internal short Whence;
        internal long Start;
        internal long Length;
        internal int Process;
    }
}
