using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>What the kernel says of itself in INIT, its first request on a mount. For those who ask and serve nothing.</summary>
/// <param name="Major">Version of the protocol: 7.</param>
/// <param name="Minor">Newest minor version that the kernel speaks.</param>
/// <param name="Flags">Features that it offers.</param>
public readonly record struct KernelOffer(uint Major, uint Minor, InitFlags Flags)
{
    /// <summary>Whether a <see cref="FuseSession"/> can serve this kernel.</summary>
    public bool IsEnough => Major == Wire.Major && Minor >= Wire.OldestMinor;

    private const int RequestSize = 8192; // FUSE_MIN_READ_BUFFER

    private const int Patience = 1000;

    /// <summary>Reads INIT, which is left without an answer: the mount is of no use afterwards.</summary>
    /// <param name="device">/dev/fuse, just mounted, not read by anybody.</param>
    /// <param name="offer">The offer.</param>
    /// <returns>EPROTO when something else came, ETIMEDOUT when nothing came within a second.</returns>
    public static Errno Read(Fd device, out KernelOffer offer)
    {
        offer = default;
        Span<byte> request = stackalloc byte[RequestSize];
        if (Sys.AwaitReadable(device, Patience) is not Errno.None and var silent)
            return silent;
        if (Sys.ReadDevice(device, request, out int length) is not Errno.None and var error)
            return error;
        InHeader header = MemoryMarshal.Read<InHeader>(request);
        if (header.Opcode != Opcode.Init || length < Marshal.SizeOf<InHeader>() + InitIn.CompatSize)
            return Errno.EPROTO;
        InitIn init = MemoryMarshal.Read<InitIn>(request[Marshal.SizeOf<InHeader>()..]); // zeros behind a short one
        offer = new KernelOffer(init.Major, init.Minor, (InitFlags)(init.Flags | (ulong)init.Flags2 << 32));
        return Errno.None;
    }
}
