using System.Runtime.InteropServices;

namespace OverlayFuse.Linux.Interop;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint getxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint lgetxattr(byte* path, byte* name, byte* value, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint fgetxattr(int fd, byte* name, byte* value, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int setxattr(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int lsetxattr(byte* path, byte* name, byte* value, nuint size, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint listxattr(byte* path, byte* list, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint llistxattr(byte* path, byte* list, nuint size);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int removexattr(byte* path, byte* name);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int lremovexattr(byte* path, byte* name);
}
