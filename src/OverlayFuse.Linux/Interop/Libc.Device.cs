using System.Runtime.InteropServices;

namespace OverlayFuse.Linux.Interop;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int dup3(int oldFd, int newFd, KernelOpenFlags flags);

    [LibraryImport(Library)]
    internal static partial int gettid();

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int tgkill(int process, int thread, int signal);

    /// <summary>struct sigaction of glibc, x86_64 and arm64 (152 bytes).</summary>
    [StructLayout(LayoutKind.Sequential, Size = 152)]
    internal struct SigAction
    {
        internal nint Handler;
        internal fixed ulong Mask[16];
        internal int Flags;
        internal nint Restorer;
    }

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int sigaction(int signal, SigAction* action, SigAction* old);
}
