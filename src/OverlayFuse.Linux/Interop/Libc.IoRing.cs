using System.Runtime.InteropServices;

namespace OverlayFuse.Linux.Interop;

internal static unsafe partial class Libc
{
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint mmap(nint address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int munmap(nint address, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int sched_setaffinity(int thread, nuint size, ulong* mask);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int sched_getaffinity(int thread, nuint size, ulong* mask);

    /// <summary>struct io_uring_params, with struct io_sqring_offsets and struct io_cqring_offsets.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoRingParams
    {
        internal uint SqEntries;
        internal uint CqEntries;
        internal uint Flags;
        internal uint SqThreadCpu;
        internal uint SqThreadIdle;
        internal uint Features;
        internal uint WqFd;
        internal fixed uint Reserved[3];
        internal uint SqHead;
        internal uint SqTail;
        internal uint SqRingMask;
        internal uint SqRingEntries;
        internal uint SqFlags;
        internal uint SqDropped;
        internal uint SqArray;
        internal uint SqReserved;
        internal nint SqUserAddress;
        internal uint CqHead;
        internal uint CqTail;
        internal uint CqRingMask;
        internal uint CqRingEntries;
        internal uint CqOverflow;
        internal uint CqCqes;
        internal uint CqFlags;
        internal uint CqReserved;
        internal nint CqUserAddress;
    }

    /// <summary>struct io_uring_sqe of a ring with IORING_SETUP_SQE128, as IORING_OP_URING_CMD uses it.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    internal struct IoRingSqe
    {
        internal byte Opcode;
        internal byte Flags;
        internal ushort IoPrio;
        internal int Fd;
        internal uint CommandOp;
        internal uint Pad1;
        internal nint Address;
        internal uint Length;
        internal uint CommandFlags;
        internal ulong UserData;
        internal ushort BufIndex;
        internal ushort Personality;
        internal uint FileIndex;
        internal fixed byte Command[80];
    }

    /// <summary>struct io_uring_cqe.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IoRingCqe
    {
        internal ulong UserData;
        internal int Result;
        internal uint Flags;
    }
}
