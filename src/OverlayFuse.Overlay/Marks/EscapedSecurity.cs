using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// xattrs security.*, which only root can set, in layers that keep owners in user.containers.override_stat: under the same prefix, as
/// fuse-overlayfs 1.14 and later write them.
/// </summary>
internal static class EscapedSecurity
{
    private const int MaxNameLength = 255;

    public static int PrefixLength => Prefix.Length;

    private static ReadOnlySpan<byte> Prefix => "user.containers.override_"u8;

    private static ReadOnlySpan<byte> Security => "security."u8;

    /// <summary>Where security.capability is.</summary>
    public static Name Capability => new("user.containers.override_security.capability\0"u8);

    /// <summary>A name that a user of the mount may not use.</summary>
    public static bool IsReserved(Name xattr) => xattr.StartsWith(Prefix);

    /// <summary>The stored name of one.</summary>
    public static bool Is(Name xattr) => IsReserved(xattr) && xattr.Bytes[Prefix.Length..].StartsWith(Security);

    /// <summary>Makes the stored name.</summary>
    /// <param name="xattr">The name in the mount.</param>
    /// <param name="buffer">At least 280 bytes.</param>
    /// <param name="stored">The name on disk; the same for what is not security.*.</param>
    /// <returns>False when it is not escaped.</returns>
    public static bool TryStore(Name xattr, Span<byte> buffer, out Name stored)
    {
        stored = xattr;
        if (!xattr.StartsWith(Security) || xattr.Length + Prefix.Length > MaxNameLength)
            return false;
        Prefix.CopyTo(buffer);
        xattr.WithNul.CopyTo(buffer[Prefix.Length..]);
        stored = new Name(buffer[..(Prefix.Length + xattr.Length + 1)]);
        return true;
    }
}
