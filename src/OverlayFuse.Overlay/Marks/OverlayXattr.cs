using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Marks;

/// <summary>
/// Names of the private xattrs: "trusted.overlay.*", or "user.overlay.*" with userxattr or where the daemon may not set trusted ones. A
/// user of the mount may use such a name too: it is stored with one more "overlay." and read back without it (overlayfs.rst, "Nesting
/// overlayfs mounts"). So an overlay can live inside the overlay. It never changes.
/// </summary>
internal sealed class OverlayXattr
{
    public const string TrustedPrefix = "trusted.overlay.";
    public const string UserPrefix = "user.overlay.";

    /// <summary>An xattr that no file has, to find out whether trusted.* may be set.</summary>
    public const string TrustedProbe = TrustedPrefix + "probe";

    /// <summary>The same for user.*.</summary>
    public const string UserProbe = UserPrefix + "probe";

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
        string prefix = user ? UserPrefix : TrustedPrefix;
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

    /// <summary>The mark of an opaque directory that fuse-overlayfs writes where it may not set trusted.*.</summary>
    public static Name FuseOverlayfsOpaque => new("user.fuseoverlayfs.opaque\0"u8);

    /// <summary>True for "user.overlay." instead of "trusted.overlay.".</summary>
    public bool IsUser { get; }

    public Name Opaque => new(_opaque);

    public Name Origin => new(_origin);

    public Name Impure => new(_impure);

    public Name Uuid => new(_uuid);

    public Name Redirect => new(_redirect);

    public Name Metacopy => new(_metacopy);

    /// <summary>An empty file with this xattr is a whiteout, in a directory with opaque=x.</summary>
    public Name Whiteout => new(_whiteout);

    public Name Nlink => new(_nlink);

    /// <summary>On the index directory: the handle of the upper root that it belongs to.</summary>
    public Name Upper => new(_upper);

    /// <summary>See <see cref="ProtectionXattr"/>.</summary>
    public Name Protattr => new(_protattr);

    /// <summary>True for a private name, and for the escaped name of a user's.</summary>
    public bool HasPrefix(Name xattr) => xattr.StartsWith(_prefix);

    /// <summary>True if layers keep owners and security.* in other xattrs: see <c>StatOverrides</c>. Those names are hidden too.</summary>
    public bool HidesOverrides { get; init; }

    /// <summary>
    /// True for a private name: it is neither listed nor copied up. <see cref="Opaque"/> reads "user.fuseoverlayfs.*" as private.
    /// </summary>
    public bool IsPrivate(Name xattr) =>
        (HidesOverrides && OverrideXattr.IsPrivate(xattr))
        || (HasPrefix(xattr) && !xattr.Bytes[_prefix.Length..].StartsWith("overlay."u8))
        || (IsUser && xattr.StartsWith("user.fuseoverlayfs."u8));

    /// <summary>The name on disk of an xattr of the merged view.</summary>
    /// <param name="xattr">The name in the merged view.</param>
    /// <param name="buffer">At least <see cref="Limits.StoredXattrName"/> bytes.</param>
    /// <param name="stored">The name on disk.</param>
    /// <returns>ERANGE, as from the VFS, for a name that becomes too long; EINVAL for the prefix alone (xattr_resolve_name).</returns>
    public Errno ToStored(Name xattr, Span<byte> buffer, out Name stored)
    {
        stored = xattr;
        if (!HasPrefix(xattr))
            return Errno.None;
        if (xattr.Length == _prefix.Length)
            return Errno.EINVAL;
        ReadOnlySpan<byte> escape = "overlay."u8;
        if (xattr.Length + escape.Length > Limits.XattrNameMax)
            return Errno.ERANGE;
        _prefix.CopyTo(buffer);
        escape.CopyTo(buffer[_prefix.Length..]);
        xattr.WithNul[_prefix.Length..].CopyTo(buffer[(_prefix.Length + escape.Length)..]);
        stored = new Name(buffer[..(xattr.Length + escape.Length + 1)]);
        return Errno.None;
    }

    /// <summary>
    /// Removes the names from a list that a caller may not see, and unescapes the rest, in place (ovl_listxattr, ovl_can_list).
    /// </summary>
    /// <param name="list">Names, each with a NUL.</param>
    /// <param name="trusted">True if the caller may see trusted.*.</param>
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

    /// <summary>Copies a stored name in the form that a user sees, to the same place or before it.</summary>
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
