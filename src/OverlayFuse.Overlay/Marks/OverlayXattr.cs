using OverlayFuse.Linux;
using OverlayFuse.Overlay.Owners;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Names of the private xattrs: "trusted.overlay.*", or "user.overlay.*" with userxattr or where trusted ones may not be set. What a
/// user of the mount calls so is stored with one more "overlay." and read back without it (overlayfs.rst, "Nesting overlayfs
/// mounts"), so that an overlay can live inside the overlay.
/// </summary>
internal sealed class OverlayXattr
{
    private const int MaxNameLength = 255;

    private readonly byte[] _prefix;
    private readonly byte[] _opaque;
    private readonly byte[] _origin;
    private readonly byte[] _impure;
    private readonly byte[] _uuid;
    private readonly byte[] _redirect;
    private readonly byte[] _metacopy;
    private readonly byte[] _whiteout;
    private readonly byte[] _nlink;
    private readonly byte[] _upper;
    private readonly byte[] _protattr;

    public OverlayXattr(bool user)
    {
        IsUser = user;
        string prefix = user ? "user.overlay." : "trusted.overlay.";
        _prefix = System.Text.Encoding.ASCII.GetBytes(prefix);
        _opaque = Linux.Name.From(prefix + "opaque").ToArray();
        _origin = Linux.Name.From(prefix + "origin").ToArray();
        _impure = Linux.Name.From(prefix + "impure").ToArray();
        _uuid = Linux.Name.From(prefix + "uuid").ToArray();
        _redirect = Linux.Name.From(prefix + "redirect").ToArray();
        _metacopy = Linux.Name.From(prefix + "metacopy").ToArray();
        _whiteout = Linux.Name.From(prefix + "whiteout").ToArray();
        _nlink = Linux.Name.From(prefix + "nlink").ToArray();
        _upper = Linux.Name.From(prefix + "upper").ToArray();
        _protattr = Linux.Name.From(prefix + "protattr").ToArray();
    }

    /// <summary>"user.overlay." instead of "trusted.overlay.".</summary>
    public bool IsUser { get; }

    public Name Opaque => new(_opaque);

    public Name Origin => new(_origin);

    public Name Impure => new(_impure);

    public Name Uuid => new(_uuid);

    public Name Redirect => new(_redirect);

    public Name Metacopy => new(_metacopy);

    /// <summary>On an empty file in a directory with opaque=x: it is a whiteout.</summary>
    public Name Whiteout => new(_whiteout);

    public Name Nlink => new(_nlink);

    /// <summary>On the index directory: the upper root that it belongs to.</summary>
    public Name Upper => new(_upper);

    /// <summary>See <see cref="ProtectionXattr"/>.</summary>
    public Name Protattr => new(_protattr);

    /// <summary>Starts with our prefix: ours, or the escaped name of a user's.</summary>
    public bool HasPrefix(Name xattr) => xattr.StartsWith(_prefix);

    /// <summary>Layers keep owners and security.* in xattrs of containers: see <c>StatOverrides</c>.</summary>
    public bool HidesOverrides { get; init; }

    /// <summary>Ours: never listed, never copied up.</summary>
    public bool IsPrivate(Name xattr) =>
        (HidesOverrides && StatOverrides.IsPrivate(xattr))
        || (HasPrefix(xattr) && !xattr.Bytes[_prefix.Length..].StartsWith("overlay."u8))
        || (IsUser && xattr.StartsWith("user.fuseoverlayfs."u8)); // read as ours, see Opaque

    /// <summary>What a user's name is on disk.</summary>
    /// <param name="xattr">The name in the merged view.</param>
    /// <param name="buffer">At least 280 bytes.</param>
    /// <param name="stored">The name on disk.</param>
    /// <returns>ERANGE as the VFS for a name that gets too long, EINVAL for the prefix alone (xattr_resolve_name).</returns>
    public Errno ToStored(Name xattr, Span<byte> buffer, out Name stored)
    {
        stored = xattr;
        if (!HasPrefix(xattr))
            return Errno.None;
        if (xattr.Length == _prefix.Length)
            return Errno.EINVAL;
        ReadOnlySpan<byte> escape = "overlay."u8;
        if (xattr.Length + escape.Length > MaxNameLength)
            return Errno.ERANGE;
        _prefix.CopyTo(buffer);
        escape.CopyTo(buffer[_prefix.Length..]);
        xattr.WithNul[_prefix.Length..].CopyTo(buffer[(_prefix.Length + escape.Length)..]);
        stored = new Name(buffer[..(xattr.Length + escape.Length + 1)]);
        return Errno.None;
    }

    /// <summary>
    /// Takes out of a list of names what a caller may not see, and unescapes the rest, in place (ovl_listxattr, ovl_can_list).
    /// </summary>
    /// <param name="list">Names each with a NUL.</param>
    /// <param name="trusted">Whether the caller may see trusted.*.</param>
    /// <returns>The new length.</returns>
    public int FilterList(Span<byte> list, bool trusted)
    {
        int read = 0;
        int written = 0;
        while (Name.TryTake(list[read..], out Name name))
        {
            int length = name.Length + 1;
            if (!IsHidden(name, trusted))
                written += Unescape(name.WithNul, list[written..]);
            read += length;
        }
        return written;
    }

    private bool IsHidden(Name xattr, bool trusted) =>
        IsPrivate(xattr)
        || (!trusted && xattr.StartsWith("trusted."u8))
        || (HidesOverrides && EscapedSecurity.IsReserved(xattr) && !EscapedSecurity.Is(xattr));

    /// <summary>Copies a stored name as a user sees it, to the same place or before it.</summary>
    private int Unescape(ReadOnlySpan<byte> stored, Span<byte> to)
    {
        int kept = HasPrefix(new Name(stored)) ? _prefix.Length : 0;
        int skipped = kept == 0 ? 0 : kept + "overlay.".Length;
        if (HidesOverrides && EscapedSecurity.Is(new Name(stored)))
            skipped = EscapedSecurity.PrefixLength;
        stored[..kept].CopyTo(to);
        stored[skipped..].CopyTo(to[kept..]);
        return kept + stored.Length - skipped;
    }
}
