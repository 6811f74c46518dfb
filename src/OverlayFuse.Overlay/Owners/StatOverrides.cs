using System.Diagnostics.CodeAnalysis;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// Owners, modes and types that layers keep in an xattr instead of in the files (<see cref="OverrideStat"/>). A lower layer does so if its
/// root has the xattr. An upper does so if xattr_permissions asks for it, or in an ordinary user's mount, from the first chown on that the
/// disk refuses. The files themselves then belong to the mounter, which can always read and write them. The lock guards the mark of the
/// upper's root.
/// <para>A mark in user.* counts only if it cannot make a set-uid program of the mounter: if the options ask for it, or in the mount of an
/// ordinary user, which is nosuid.</para>
/// </summary>
internal sealed class StatOverrides
{
    private readonly Lock _lock = new();
    private readonly Layer? _upperLayer;
    private readonly OverrideKind _written;
    private volatile OverrideKind _upper;
    private volatile OverrideKind[] _lowers;

    private StatOverrides(Layer? upper, IEnumerable<Layer> lowers, bool believesUser, XattrPermissions asked)
    {
        BelievesUser = believesUser;
        _upperLayer = upper;
        _lowers = [.. lowers.Select(KindOf)];
        _upper = upper is null ? OverrideKind.None : KindOf(upper);
        bool isPrivileged = asked == XattrPermissions.Privileged || (asked == XattrPermissions.None && _upper == OverrideKind.Privileged);
        _written = isPrivileged ? OverrideKind.Privileged : OverrideKind.Containers;
        IsAlways = isPrivileged || asked == XattrPermissions.User;
    }

    /// <summary>True if every file of the upper keeps owner and mode in an xattr, not only those that must.</summary>
    public bool IsAlways { get; }

    /// <summary>True if marks in user.* count.</summary>
    public bool BelievesUser { get; }

    /// <summary>True if a layer keeps owners in xattrs.</summary>
    public bool IsAnyMarked => _upper != OverrideKind.None || _lowers.Any(kind => kind != OverrideKind.None);

    /// <summary>Looks at the layers of a mount.</summary>
    /// <returns>False if no layer keeps owners in xattrs, and the upper never will.</returns>
    /// <exception cref="IOException">The upper cannot have such xattrs as the options ask for.</exception>
    public static bool TryOpen(LayerStack layers, OverlayOptions options, [NotNullWhen(true)] out StatOverrides? overrides)
    {
        bool isOrdinary = Sys.EffectiveUid != 0;
        bool believesUser = options.XattrPermissions == XattrPermissions.User || isOrdinary;
        var found = new StatOverrides(layers.Upper, layers.Lowers, believesUser, options.XattrPermissions);
        bool isUsed = found.IsAlways || found.IsAnyMarked || isOrdinary;
        overrides = isUsed ? found : null;
        bool marksUpper = options.IsWritable && (found.IsAlways || (found.IsAnyMarked && isOrdinary));
        Errno error;
        if (marksUpper && (error = found.Activate()) != Errno.None)
            throw new IOException($"upperdir={options.UpperDir}: xattr_permissions={(int)options.XattrPermissions} "
                + $"needs xattrs that cannot be set there ({error}); "
                + $"use xattr_permissions=2 on {UpperAdvice.FileSystems(needsUserXattrs: true)}, or 0");
        return isUsed;
    }

    /// <summary>Looks at layers that are only read. The first is the upper, the next has number 0.</summary>
    public static StatOverrides ForReading(IReadOnlyList<Layer> layers, bool believesUser) =>
        new(layers[0], layers.Skip(1), believesUser, XattrPermissions.None);

    /// <summary>The xattr in which a layer keeps owners.</summary>
    /// <param name="layer">A lower layer's number; <see cref="Limits.NoLayer"/> for the upper.</param>
    public OverrideKind KindOf(ushort layer) => layer == Limits.NoLayer ? _upper : _lowers[layer];

    /// <summary>The xattr that the root of a layer names.</summary>
    /// <param name="root">The root.</param>
    /// <param name="believesUser">True if marks in user.* count.</param>
    public static OverrideKind KindOf(Fd root, bool believesUser)
    {
        if (believesUser && Has(root, OverrideXattr.Containers))
            return OverrideKind.Containers;
        if (believesUser && Has(root, OverrideXattr.FuseOverlayfs))
            return OverrideKind.FuseOverlayfs;
        return Has(root, OverrideXattr.Privileged) ? OverrideKind.Privileged : OverrideKind.None;
    }

    /// <summary>Adds a lower layer before lookups see it. It has the next number.</summary>
    public void Add(Layer layer) => _lowers = [.. _lowers, KindOf(layer)];

    /// <summary>True if a regular file of the layer may be shown as a file of another type.</summary>
    public bool MayStandForOthers(ushort layer) => KindOf(layer) != OverrideKind.None;

    /// <summary>Changes a file's own attributes to those of its xattr.</summary>
    /// <param name="layer">As in <see cref="KindOf(ushort)"/>.</param>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">The file.</param>
    /// <param name="stat">Its attributes.</param>
    /// <param name="isKept">True if the file has the xattr.</param>
    /// <returns>An error if the xattr cannot be read. The file's own attributes must not be shown then.</returns>
    public Errno Apply(ushort layer, Fd directory, Name name, ref Statx stat, out bool isKept) =>
        Apply(KindOf(layer), directory, name, ref stat, out isKept);

    /// <summary>Changes a file's own attributes to those of its xattr, in a layer of a kind.</summary>
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

    /// <summary>
    /// True if an error says that the file has no such xattr. The daemon can always read a file that has one, so EACCES and EPERM say so
    /// too. ENOENT: the file is gone, which a lookup finds out.
    /// </summary>
    private static bool IsNone(Errno error) =>
        error is Errno.ENODATA or Errno.EOPNOTSUPP or Errno.EACCES or Errno.EPERM or Errno.ERANGE or Errno.ENOENT;

    /// <summary>True if a file of this type in the upper can have the xattr.</summary>
    public bool CanCarry(FileType type) => CanCarry(_written, type);

    /// <summary>Writes the xattr of a file in the upper or in work.</summary>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">The file, of a type that can have the xattr.</param>
    /// <param name="wanted">Owner, mode and type to be shown.</param>
    public Errno Write(Fd directory, Name name, in Statx wanted)
    {
        Errno error;
        if (_upper == OverrideKind.None && (error = Activate()) != Errno.None)
            return error;
        // The mode comes first: user.* can be set only on a file that the daemon may write.
        if (wanted.Type != FileType.SymLink && (error = Sys.FChModAt(directory, name, RealMode(wanted.Mode))) != Errno.None)
            return error;
        Span<byte> value = stackalloc byte[OverrideStat.MaxSize];
        int length = OverrideStat.Format(wanted, value);
        return Sys.SetXattrAt(directory, name, Written, value[..length]);
    }

    /// <summary>
    /// Permissions of the file itself: for others never more than is shown, for the daemon never less than it needs, and no set-uid.
    /// </summary>
    public static uint RealMode(uint mode)
    {
        bool isDirectory = (FileType)(mode & (uint)FileType.Mask) == FileType.Directory;
        return (mode & Permissions.Access) | (isDirectory ? Permissions.OwnerAll : Permissions.OwnerReadWrite);
    }

    /// <summary>True if a layer keeps the xattrs security.* of its files under names that any user can write.</summary>
    public bool EscapesSecurity(ushort layer) => KindOf(layer) is OverrideKind.Containers or OverrideKind.FuseOverlayfs;

    private static bool CanCarry(OverrideKind kind, FileType type) =>
        kind == OverrideKind.Privileged || type is FileType.Regular or FileType.Directory;

    /// <summary>Marks the root of the upper. From then on its files show the attributes of their xattrs.</summary>
    public Errno Activate()
    {
        lock (_lock)
        {
            if (_upper == _written || (_upper == OverrideKind.FuseOverlayfs && _written == OverrideKind.Containers))
                return Errno.None;
            Fd root = _upperLayer!.Root.Fd;
            Errno error;
            if ((error = Sys.FStatx(root, out Statx stat)) != Errno.None)
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
