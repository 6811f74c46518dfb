using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>
/// The extensions that follow the names of a request that creates an inode: records of <see cref="ExtHeader"/>, each padded to 8 bytes.
/// Before 7.38 there is at most one, the security contexts, and the header does not give its length. Malformed ones read as absent.
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

    /// <summary>The bytes that follow the struct and the names of a request that creates an inode.</summary>
    internal static ReadOnlySpan<byte> AfterNames(Opcode opcode, ReadOnlySpan<byte> body)
    {
        if (opcode is not (Opcode.MkNod or Opcode.MkDir or Opcode.Create or Opcode.TmpFile or Opcode.SymLink))
            return default;
        body = FromNames(opcode, body);
        for (int i = NameCount(opcode); i > 0 && Name.TryTake(body, out Name name); i--)
            body = body[name.WithNul.Length..];
        return body;
    }

    /// <summary>The bytes that follow the struct of a request.</summary>
    internal static ReadOnlySpan<byte> FromNames(Opcode opcode, ReadOnlySpan<byte> body)
    {
        int structSize = opcode switch
        {
            Opcode.MkNod => Unsafe.SizeOf<MkNodIn>(),
            Opcode.MkDir => Unsafe.SizeOf<MkDirIn>(),
            Opcode.Create or Opcode.TmpFile => Unsafe.SizeOf<CreateIn>(),
            Opcode.Link => Unsafe.SizeOf<LinkIn>(),
            Opcode.Rename => Unsafe.SizeOf<RenameIn>(),
            Opcode.Rename2 => Unsafe.SizeOf<Rename2In>(),
            Opcode.GetXattr => Unsafe.SizeOf<GetXattrIn>(),
            Opcode.SetXattr => Unsafe.SizeOf<SetXattrIn>(),
            _ => 0,
        };
        return body[Math.Min(structSize, body.Length)..];
    }

    /// <summary>How many names a request has.</summary>
    internal static int NameCount(Opcode opcode) => opcode switch
    {
        Opcode.Rename or Opcode.Rename2 or Opcode.SymLink => 2,
        Opcode.Lookup or Opcode.MkNod or Opcode.MkDir or Opcode.Create or Opcode.TmpFile or Opcode.Link or
        Opcode.Unlink or Opcode.RmDir or Opcode.GetXattr or Opcode.SetXattr or Opcode.RemoveXattr => 1,
        _ => 0,
    };
}
