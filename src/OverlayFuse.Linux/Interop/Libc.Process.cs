using System.Runtime.InteropServices;

namespace OverlayFuse.Linux.Interop;

/// <summary>sys/fsuid.h, sys/prctl.h, sys/ioctl.h, sys/random.h</summary>
internal static unsafe partial class Libc
{
    [LibraryImport(Library)]
    internal static partial int setfsuid(uint uid);

    [LibraryImport(Library)]
    internal static partial int setfsgid(uint gid);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int prctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int ioctl(int fd, nuint request, byte* argument);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint getrandom(byte* buffer, nuint length, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial byte* getcwd(byte* buffer, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int chdir(byte* path);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int fchdir(int fd);

    /// <summary>stdlib.h</summary>
    [LibraryImport(Library)]
    internal static partial byte* getenv(byte* name);

    /// <summary>The runtime's native part: environ(7), which is a variable and so no import.</summary>
    [LibraryImport("libSystem.Native")]
    internal static partial byte** SystemNative_GetEnviron();

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int kill(int process, int signal);

    /// <summary>poll.h: struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollFd
    {
        internal int Fd;
        internal short Events;
        internal short Returned;
    }

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int poll(PollFd* fds, nuint count, int timeout);

    /// <summary>sys/resource.h: two words, soft and hard limit.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int getrlimit(int resource, ulong* limits);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setrlimit(int resource, ulong* limits);
}
