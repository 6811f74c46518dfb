using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>The commands of FUSE over io_uring: enum fuse_uring_cmd.</summary>
internal enum RingCommand : uint
{
    /// <summary>FUSE_IO_URING_CMD_REGISTER: gives an entry to the kernel.</summary>
    Register = 1,
    /// <summary>FUSE_IO_URING_CMD_COMMIT_AND_FETCH: gives an answer to the kernel, and the entry with it.</summary>
    CommitAndFetch = 2,
}

/// <summary>struct fuse_uring_cmd_req: the argument of a <see cref="RingCommand"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal struct RingCommandArgument
{
    /// <summary>Zero.</summary>
    public ulong Flags;
    /// <summary>Number of the request that is answered.</summary>
    public ulong CommitId;
    /// <summary>The queue: the number of a processor.</summary>
    public ushort Queue;
}

/// <summary>struct fuse_uring_req_header: everything of a request or a reply that is not payload.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RingHeader
{
    /// <summary>An <see cref="InHeader"/>, then an <see cref="OutHeader"/>.</summary>
    public HeaderBytes InOut;
    /// <summary>The struct of the operation.</summary>
    public HeaderBytes Operation;
    /// <summary>Zero.</summary>
    public ulong Flags;
    /// <summary>Number of the request, to answer it by.</summary>
    public ulong CommitId;
    /// <summary>Length of the payload in bytes.</summary>
    public uint PayloadSize;
    /// <summary>Zero.</summary>
    public uint Padding;
    /// <summary>Zero.</summary>
    public ulong Reserved;
}

/// <summary>FUSE_URING_IN_OUT_HEADER_SZ and FUSE_URING_OP_IN_OUT_SZ.</summary>
[InlineArray(128)]
internal struct HeaderBytes
{
    private byte _first;
}
