using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>The offer of the kernel in INIT, its first request on a mount. For programs that test the kernel and serve nothing.</summary>
/// <param name="Major">The major version of the protocol: 7.</param>
/// <param name="Minor">The newest minor version that the kernel speaks.</param>
/// <param name="Flags">The features that the kernel offers.</param>
public readonly record struct KernelOffer(uint Major, uint Minor, InitFlags Flags)
{
    /// <summary>True if a <see cref="FuseSession"/> can serve this kernel.</summary>
    public bool IsEnough => Major == Wire.Major && Minor >= Wire.OldestMinor;

    /// <summary>FUSE_MIN_READ_BUFFER.</summary>
    private const int RequestSize = 8192;

    private const int PatienceMilliseconds = 1000;

    /// <summary>Reads INIT and does not answer it. The mount is of no use afterwards.</summary>
    /// <param name="device">/dev/fuse, just mounted; no other thread reads it.</param>
    /// <param name="offer">The offer.</param>
    /// <returns>EPROTO if another request came, ETIMEDOUT if none came within a second.</returns>
    public static Errno Read(Fd device, out KernelOffer offer)
    {
        offer = default;
        Span<byte> request = stackalloc byte[RequestSize];
        Errno error;
        if ((error = Sys.AwaitReadable(device, PatienceMilliseconds)) != Errno.None)
            return error;
        if ((error = Sys.ReadDevice(device, request, out int length)) != Errno.None)
            return error;
        InHeader header = MemoryMarshal.Read<InHeader>(request);
        if (header.Opcode != Opcode.Init || length < Marshal.SizeOf<InHeader>() + InitIn.CompatSize)
            return Errno.EPROTO;
        // The buffer has zeros behind a short message.
        InitIn init = MemoryMarshal.Read<InitIn>(request[Marshal.SizeOf<InHeader>()..]);
        offer = new KernelOffer(init.Major, init.Minor, (InitFlags)(init.Flags | (ulong)init.Flags2 << 32));
        return Errno.None;
    }
}
