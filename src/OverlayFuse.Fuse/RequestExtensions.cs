using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// What follows the names of a request that creates an inode: records of <see cref="ExtHeader"/>, each padded to 8 bytes.
/// Before 7.38 there is at most one, the security contexts, and the header does not tell its length. Malformed ones read as absent.
/// </summary>
internal static class RequestExtensions
{
    internal static bool TryGetGroup(ReadOnlySpan<byte> extensions, out uint group)
    {
        group = 0;
        if (!TryFind(extensions, groups: true, out ReadOnlySpan<byte> content) || content.Length < 2 * sizeof(uint))
            return false;
        group = MemoryMarshal.Read<uint>(content[sizeof(uint)..]);
        return MemoryMarshal.Read<SuppGroups>(content).NrGroups > 0;
    }

    internal static bool TryGetSecurityContext(ReadOnlySpan<byte> extensions, out Name xattr, out ReadOnlySpan<byte> value)
    {
        xattr = default;
        value = default;
        if (!TryFind(extensions, groups: false, out ReadOnlySpan<byte> content) || content.Length < Unsafe.SizeOf<SecCtx>())
            return false;
        SecCtx context = MemoryMarshal.Read<SecCtx>(content);
        content = content[Unsafe.SizeOf<SecCtx>()..];
        if (!Name.TryTake(content, out xattr) || context.Size > content.Length - xattr.WithNul.Length)
            return false;
        value = content.Slice(xattr.WithNul.Length, (int)context.Size);
        return true;
    }

    private static bool TryFind(ReadOnlySpan<byte> extensions, bool groups, out ReadOnlySpan<byte> content)
    {
        content = default;
        int headerSize = Unsafe.SizeOf<ExtHeader>();
        while (extensions.Length >= headerSize)
        {
            ExtHeader header = MemoryMarshal.Read<ExtHeader>(extensions);
            if (header.Size < headerSize || header.Size > extensions.Length)
                return false;
            if (groups ? header.Type == ExtHeader.Groups : header.Type is > 0 and <= ExtHeader.MaxSecurityContexts)
            {
                content = extensions[headerSize..(int)header.Size];
                return true;
            }
            extensions = extensions[Math.Min(extensions.Length, Wire.Align((int)header.Size))..];
        }
        return false;
    }
}
