using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// Owners, modes and types that layers keep in an xattr instead of in the files (<see cref="OverrideStat"/>): in lower layers that are
/// marked so on their root, and in an upper where we were asked to (xattr_permissions) or may not do better (an ordinary user's mount,
/// from the first chown that the disk refuses on). The files themselves are then the mounter's, always readable and writable for it.
/// <para>Marks in user.* are believed only where they cannot make a setuid program of the mounter: when asked for, or in the mount of an
/// ordinary user, who gets it nosuid.</para>
/// </summary>
internal sealed class StatOverrides
{
    private readonly Lock _lock = new();
    private readonly Layer? _upperLayer;
    private readonly OverrideKind _written;
    private volatile OverrideKind _upper;
    private volatile OverrideKind[] _lowers;

    private StatOverrides(LayerStack layers, XattrPermissions asked)
    {
        BelievesUser = asked == XattrPermissions.User || Sys.EffectiveUid != 0;
        _upperLayer = layers.Upper;
        _lowers = [.. layers.Lowers.Select(KindOf)];
        _upper = layers.Upper is { } upper ? KindOf(upper) : OverrideKind.None;
        bool isPrivileged = asked == XattrPermissions.Privileged || (asked == XattrPermissions.None && _upper == OverrideKind.Privileged);
        _written = isPrivileged ? OverrideKind.Privileged : OverrideKind.Containers;
        IsAlways = isPrivileged || asked == XattrPermissions.User;
    }

    private StatOverrides(IReadOnlyList<Layer> layers, bool believesUser)
    {
        BelievesUser = believesUser;
        _upper = KindOf(layers[0]);
        _lowers = [.. layers.Skip(1).Select(KindOf)];
    }

    /// <summary>Every file of the upper keeps them so, not only those that must.</summary>
    public bool IsAlways { get; }

    /// <summary>Marks in user.* count.</summary>
    public bool BelievesUser { get; }

    /// <summary>Null where the files' own count and nothing else is to be done.</summary>
    /// <exception cref="IOException">The upper takes no such xattr.</exception>
    public static StatOverrides? Open(LayerStack layers, OverlayOptions options)
    {
        var overrides = new StatOverrides(layers, options.XattrPermissions);
        bool isMarked = overrides._upper != OverrideKind.None || overrides._lowers.Any(kind => kind != OverrideKind.None);
        bool isOrdinary = Sys.EffectiveUid != 0;
        if (!overrides.IsAlways && !isMarked && !isOrdinary)
            return null;
        if (options.IsWritable && (overrides.IsAlways || (isMarked && isOrdinary)) && overrides.Activate() is not Errno.None and var error)
            throw new IOException($"upperdir={options.UpperDir}: xattr_permissions={(int)options.XattrPermissions} needs xattrs that cannot be set there ({error}); "
                + $"use xattr_permissions=2 on {UpperAdvice.FileSystems(needsUserXattrs: true)}, or 0");
        return overrides;
    }

    /// <summary>For a program that reads layers outside of a mount. Null if no layer keeps owners in xattrs.</summary>
    public static StatOverrides? ForReading(IReadOnlyList<Layer> layers, bool believesUser)
    {
        var overrides = new StatOverrides(layers, believesUser);
        return overrides._lowers.Append(overrides._upper).Any(kind => kind != OverrideKind.None) ? overrides : null;
    }

    /// <summary>How a layer keeps them.</summary>
    /// <param name="layer">A lower layer's number; <c>Limits.NoLayer</c> for the upper.</param>
    public OverrideKind KindOf(ushort layer) => layer == Limits.NoLayer ? _upper : _lowers[layer];

    /// <summary>The same of a layer's root.</summary>
    /// <param name="root">The root.</param>
    /// <param name="believesUser">Whether marks in user.* count.</param>
    public static OverrideKind KindOf(Fd root, bool believesUser)
    {
        if (believesUser && Has(root, OverrideXattr.Containers))
            return OverrideKind.Containers;
        if (believesUser && Has(root, OverrideXattr.FuseOverlayfs))
            return OverrideKind.FuseOverlayfs;
        return Has(root, OverrideXattr.Privileged) ? OverrideKind.Privileged : OverrideKind.None;
    }

    /// <summary>One more lower layer, before it is seen; it has the next number.</summary>
    public void Add(Layer layer) => _lowers = [.. _lowers, KindOf(layer)];

    /// <summary>Whether a regular file in the layer may be shown as something else.</summary>
    public bool MayStandForOthers(ushort layer) => KindOf(layer) != OverrideKind.None;

    /// <summary>Changes what a file's own attributes say to what is to be shown.</summary>
    /// <param name="layer">As in <see cref="KindOf(ushort)"/>.</param>
    /// <param name="directory">Where the file is.</param>
    /// <param name="name">The file.</param>
    /// <param name="stat">Its attributes.</param>
    /// <param name="isKept">Whether there was something to change.</param>
    /// <returns>An error when it could not be looked at: the file's own attributes are then not to be shown.</returns>
    public Errno Apply(ushort layer, Fd directory, Name name, ref Statx stat, out bool isKept) =>
        Apply(KindOf(layer), directory, name, ref stat, out isKept);

    /// <summary>The same, in a layer of this kind.</summary>
    public static Errno Apply(OverrideKind kind, Fd directory, Name name, ref Statx stat, out bool isKept)
    {
        isKept = false;
        if (kind == OverrideKind.None || !CanCarry(kind, stat.Type))
            return Errno.None;
        Span<byte> value = stackalloc byte[OverrideStat.MaxSize];
        Name xattr = kind == OverrideKind.Privileged ? OverrideXattr.Privileged : OverrideXattr.Containers;
        Errno error = Sys.GetXattrAt(directory, name, xattr, value, out int length);
        if (error == Errno.ENODATA && kind == OverrideKind.FuseOverlayfs)
            error = Sys.GetXattrAt(directory, name, OverrideXattr.FuseOverlayfs, value, out length);
        if (error != Errno.None)
            return IsNone(error) ? Errno.None : error;
        isKept = OverrideStat.TryParse(value[..length], out OverrideStat shown);
        if (isKept)
            shown.ApplyTo(ref stat);
        return Errno.None;
    }

    /// <summary>None there, none that could be ours: those that have one can always be read by us; or the file is gone, which a lookup finds out.</summary>
    private static bool IsNone(Errno error) =>
        error is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.EACCES or Errno.EPERM or Errno.ERANGE or Errno.ENOENT;

    /// <summary>Whether a file of this type in the upper can have the xattr.</summary>
    public bool CanCarry(FileType type) => CanCarry(_written, type);

    /// <summary>Writes what is to be shown of a file in the upper or in work.</summary>
    /// <param name="directory">Where it is.</param>
    /// <param name="name">The file; of a type that can carry it.</param>
    /// <param name="wanted">Owner, mode and type.</param>
    public Errno Write(Fd directory, Name name, in Statx wanted)
    {
        if (_upper == OverrideKind.None && Activate() is not Errno.None and var unmarked)
            return unmarked;
        bool hasMode = wanted.Type != FileType.SymLink;
        if (hasMode && Sys.FChModAt(directory, name, RealMode(wanted.Mode)) is not Errno.None and var error)
            return error; // first: user.* can be set only on what we may write
        Span<byte> value = stackalloc byte[OverrideStat.MaxSize];
        int length = OverrideStat.Format(wanted, value);
        return Sys.SetXattrAt(directory, name, Written, value[..length]);
    }

    /// <summary>Permissions of the file itself: never more for others than is shown, never less for us than we need, no set-uid.</summary>
    public static uint RealMode(uint mode)
    {
        bool isDirectory = (FileType)(mode & (uint)FileType.Mask) == FileType.Directory;
        return (mode & Permissions.Access) | (isDirectory ? Permissions.OwnerAll : Permissions.OwnerReadWrite);
    }

    /// <summary>Whether xattrs security.* of a layer's files are kept under a name that any user can write.</summary>
    public bool EscapesSecurity(ushort layer) => KindOf(layer) is OverrideKind.Containers or OverrideKind.FuseOverlayfs;

    private static bool CanCarry(OverrideKind kind, FileType type) =>
        kind == OverrideKind.Privileged || type is FileType.Regular or FileType.Directory;

    /// <summary>Marks the root of the upper, from where on its files are read so.</summary>
    public Errno Activate()
    {
        lock (_lock)
        {
            if (_upper == _written || (_upper == OverrideKind.FuseOverlayfs && _written == OverrideKind.Containers))
                return Errno.None;
            Fd root = _upperLayer!.Root.Fd;
            if (Sys.FStatx(root, out Statx stat) is not Errno.None and var error)
                return error;
            Span<byte> value = stackalloc byte[OverrideStat.MaxSize];
            int length = OverrideStat.Format(stat, value);
            error = Sys.SetXattrAt(root, Name.Empty, Written, value[..length]);
            if (error == Errno.None)
                _upper = _written;
            return error;
        }
    }

    private Name Written => _written == OverrideKind.Privileged ? OverrideXattr.Privileged : OverrideXattr.Containers;

    private OverrideKind KindOf(Layer layer) => KindOf(layer.Root.Fd, BelievesUser);

    private static bool Has(Fd root, Name xattr) => Sys.GetXattrAt(root, Name.Empty, xattr, default, out _) == Errno.None;
}
