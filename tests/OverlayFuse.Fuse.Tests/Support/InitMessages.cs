using System.Buffers.Binary;

namespace OverlayFuse.Fuse.Tests.Support;

internal static class InitMessages
{
    private const ulong InitExt = 1ul << 30;

    /// <summary>INIT with the length that the kernel of that version sends: 16 bytes before 7.36, then 64.</summary>
    internal static byte[] FromKernel(uint major, uint minor, ulong flags)
    {
        byte[] body = new byte[minor < 36 ? 16 : 64];
        if (minor < 36)
            flags &= uint.MaxValue & ~InitExt;
        BinaryPrimitives.WriteUInt32LittleEndian(body, major);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), minor);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(8), 128 << 10);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(12), (uint)flags);
        if (minor >= 36)
            BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(16), (uint)(flags >> 32));
        return Golden.Request(26, body);
    }
}
