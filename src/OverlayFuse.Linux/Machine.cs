using System.Runtime.InteropServices;

namespace OverlayFuse.Linux;

/// <summary>
/// The numbers of the kernel that differ between the processors: the one place for them. native/sys_check.c compares them with the headers
/// of each processor. All other numbers and structs of this assembly are the same on both. The assembly serves both, so these are
/// functions. The compiler knows <see cref="Own"/> and leaves the constant.
/// </summary>
internal static class Machine
{
    /// <summary>
    /// O_DIRECT and O_LARGEFILE of x86_64. On arm64 they have the bits of O_DIRECTORY and O_NOFOLLOW, and these have theirs.
    /// </summary>
    private const int LowPair = (int)(OpenFlags.Direct | OpenFlags.LargeFile);

    /// <summary>How far apart the two pairs are.</summary>
    private const int PairDistance = 2;

    /// <summary>The processor that this process is compiled for.</summary>
    internal static Architecture Own => RuntimeInformation.ProcessArchitecture;

    /// <summary>Changes O_* of x86_64 to those of a processor, and back: the function is its own inverse.</summary>
    /// <param name="flags">O_*.</param>
    /// <param name="of">The processor.</param>
    internal static int OpenFlagsOf(int flags, Architecture of)
    {
        if (of != Architecture.Arm64)
            return flags;
        int low = flags & LowPair;
        int high = flags & (LowPair << PairDistance);
        return (flags & ~(low | high)) | (low << PairDistance) | (high >> PairDistance);
    }

    /// <summary>__NR_getdents64.</summary>
    /// <param name="of">The processor.</param>
    internal static long GetDents64(Architecture of) => of == Architecture.Arm64 ? 61 : 217;

    /// <summary>__NR_setresuid.</summary>
    /// <param name="of">The processor.</param>
    internal static long SetResUid(Architecture of) => of == Architecture.Arm64 ? 147 : 117;

    /// <summary>__NR_setresgid.</summary>
    /// <param name="of">The processor.</param>
    internal static long SetResGid(Architecture of) => of == Architecture.Arm64 ? 149 : 119;
}
