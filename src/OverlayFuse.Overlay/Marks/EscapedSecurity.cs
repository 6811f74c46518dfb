using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// xattrs security.* in layers that keep owners in user.containers.override_stat. Only root can set security.*, so they stand under the
/// prefix of that name, as fuse-overlayfs 1.14 and later write them.
/// </summary>
internal static class EscapedSecurity
{
    public static int PrefixLength => Prefix.Length;

    private static ReadOnlySpan<byte> Prefix => "user.containers.override_"u8;

    private static ReadOnlySpan<byte> Security => "security."u8;

    /// <summary>The stored name of security.capability.</summary>
    public static Name Capability => new("user.containers.override_security.capability\0"u8);

    /// <summary>True for security.*, under its own name.</summary>
    public static bool IsSecurity(Name xattr) => xattr.StartsWith(Security);

    /// <summary>True for a name that a user of the mount may not use.</summary>
    public static bool IsReserved(Name xattr) => xattr.StartsWith(Prefix);

    /// <summary>True for the stored name of a security.*.</summary>
    public static bool Is(Name xattr) => IsReserved(xattr) && xattr.Bytes[Prefix.Length..].StartsWith(Security);

    /// <summary>Makes the stored name of a security.*.</summary>
    /// <param name="xattr">The name in the mount.</param>
    /// <param name="buffer">At least <see cref="Limits.StoredXattrName"/> bytes.</param>
    /// <param name="stored">The name on disk; the same name for another xattr.</param>
    /// <returns>False if the name is not escaped.</returns>
    public static bool TryStore(Name xattr, Span<byte> buffer, out Name stored)
    {
        stored = xattr;
        if (!IsSecurity(xattr) || xattr.Length + Prefix.Length > Limits.XattrNameMax)
            return false;
        Prefix.CopyTo(buffer);
        xattr.WithNul.CopyTo(buffer[Prefix.Length..]);
        stored = new Name(buffer[..(Prefix.Length + xattr.Length + 1)]);
        return true;
    }
}
