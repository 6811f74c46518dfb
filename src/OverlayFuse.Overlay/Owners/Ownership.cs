using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// The one door to owners and modes: as files on disk have them, as layers keep them in xattrs, as the mount shows them, and as a caller's new file gets
/// them. Ids are those on disk everywhere but in what <see cref="Uid"/>, <see cref="Gid"/> and <see cref="Mode"/> return.
/// </summary>
internal sealed partial class Ownership
{
    private readonly StatOverrides? _overrides;
    private readonly ShownIds? _ids;
    private readonly IdMappedLayers? _idMapped;

    private Ownership(StatOverrides? overrides, ShownIds? ids, IdMappedLayers? idMapped) => (_overrides, _ids, _idMapped) = (overrides, ids, idMapped);

    /// <summary>Work, on a writable mount: where a file is made that stands for another.</summary>
    public WorkDirectory? Work { get; set; }

    /// <summary>Looks at the layers and the options.</summary>
    /// <exception cref="IOException">The upper takes no such xattr as the options ask for.</exception>
    public static Ownership Open(LayerStack layers, OverlayOptions options)
    {
        var ids = ShownIds.Of(options);
        return new Ownership(StatOverrides.Open(layers, options), ids, IdMappedLayers.Of(layers, ids));
    }

    /// <summary>
    /// The owners in layers that are read outside of a mount. The first is the upper (<see cref="Limits.NoLayer"/>), the next has number 0. Nothing is
    /// written.
    /// </summary>
    public static Ownership ForReading(IReadOnlyList<Layer> layers, bool believesUser) =>
        new(StatOverrides.ForReading(layers, believesUser), null, null);

    /// <summary>Layers keep owners and security.* in xattrs of containers.</summary>
    public bool HasOverrides => _overrides is not null;

    /// <summary>Marks in user.* count.</summary>
    public bool BelievesUser => _overrides is { BelievesUser: true };

    /// <summary>One more lower layer, before it is seen; it has the next number.</summary>
    public void Add(Layer layer)
    {
        _overrides?.Add(layer);
        _idMapped?.Add(layer);
    }

    /// <summary>Whether a regular file in the layer may be shown as something else.</summary>
    public bool MayStandForOthers(ushort layer) => _overrides?.MayStandForOthers(layer) == true;

    /// <summary>Changes what a file's own attributes say to what is to be shown.</summary>
    /// <param name="layer">A lower layer's number; <see cref="Limits.NoLayer"/> for the upper.</param>
    /// <param name="directory">Where the file is.</param>
    /// <param name="name">The file.</param>
    /// <param name="stat">Its attributes.</param>
    /// <returns>An error when it could not be looked at: the file's own attributes are then not to be shown.</returns>
    public Errno Show(ushort layer, Fd directory, Name name, ref Statx stat)
    {
        if (_overrides is not null && _overrides.Apply(layer, directory, name, ref stat, out _) is not Errno.None and var error)
            return error;
        _idMapped?.Restore(layer, ref stat);
        return Errno.None;
    }

    /// <summary>statx(2) of a file of a layer, as it is to be shown.</summary>
    public Errno Statx(ushort layer, Fd directory, Name name, out Statx stat, StatxMask mask = StatxMask.BasicStats)
    {
        Errno error = OwnerModes.Statx(directory, name, out stat, mask);
        return error == Errno.None ? Show(layer, directory, name, ref stat) : error;
    }

    public uint Uid(uint disk) => _ids is null ? disk : _ids.Uid(disk);

    public uint Gid(uint disk) => _ids is null ? disk : _ids.Gid(disk);

    public ushort Mode(in Statx stat) => _ids is null ? stat.Mode : _ids.Mode(stat);

    /// <summary>Reads the change of owner and mode that a SETATTR asks for.</summary>
    /// <returns>EOVERFLOW for an owner that has no id on disk (notify_change).</returns>
    public Errno ReadChange(in SetAttrIn input, out OwnerChange change) => OwnerChange.From(input, _ids, out change);

    /// <summary>What is created from here on belongs to the request's caller; where owners are kept in xattrs, to the mounter.</summary>
    public Errno AssumeCaller(in FuseRequest request) =>
        _overrides is { IsAlways: true } ? CallerIds.AssumeMounter() : CallerIds.Assume(OwnerOf(request));

    /// <summary>Whose a request's new files are, with ids as on disk.</summary>
    public Caller OwnerOf(in FuseRequest request) => _ids is null ? request.Caller : _ids.OnDisk(request.Caller);

    /// <summary>The mode with which a file is made: that of the file itself, not always the one that will be shown.</summary>
    public uint RealMode(uint mode) =>
        _overrides is { IsAlways: true } ? (mode & (uint)FileType.Mask) | StatOverrides.RealMode(mode) : mode;

    /// <summary>Which set-uid and set-gid bits a change by the caller takes from a file.</summary>
    public uint SetIdsToDrop(in FuseRequest request, in Statx stat)
    {
        if (_ids is null)
            return SetIds.ToDrop(request, stat);
        Statx shown = stat;
        (shown.Uid, shown.Gid) = (_ids.Uid(stat.Uid), _ids.Gid(stat.Gid));
        return SetIds.ToDrop(request, shown);
    }

    /// <summary>Takes them from a file that was just written or truncated.</summary>
    public Errno DropSetIds(in FuseRequest request, Fd file)
    {
        if (_overrides is not null)
            return DropShownSetIds(request, file);
        if (Sys.FStatx(file, out Statx stat) is not Errno.None and var error)
            return error;
        uint dropped = SetIdsToDrop(request, stat);
        return dropped == 0 ? Errno.None : Sys.FChModAt(file, Name.Empty, stat.Permissions & ~dropped);
    }

    /// <summary>False if a file with this mode has no set-uid or set-gid bit that a write could take away. With overrides the bits are not in the file.</summary>
    public bool MayHaveSetIds(in Statx stat) => _overrides is not null || (stat.Permissions & SetIds.Any) != 0;
}
