using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// The one door to owners and modes: as files have them on disk, as layers keep them in xattrs, as the mount shows them, and as a caller's
/// new file gets them. Ids are those on disk, except in a <see cref="ShownOwner"/>. If no layer keeps owners in xattrs,
/// <see cref="PlainOwnership"/> serves the mount and costs nothing; else <see cref="KeptOwnership"/>. No call takes a lock of the view.
/// </summary>
/// <param name="ids">The ids that the mount shows.</param>
/// <param name="idMapped">Lower layers whose files already have shown ids.</param>
internal abstract partial class Ownership(ShownIds ids, IdMappedLayers idMapped)
{
    /// <summary>Work, on a writable mount. A file that stands for another is made there.</summary>
    public WorkDirectory? Work { get; set; }

    /// <summary>True if marks in user.* count.</summary>
    public abstract bool BelievesUser { get; }

    /// <summary>True if a copy may serve requests before all its data are there: the copy's own attributes are those shown.</summary>
    public abstract bool AllowsPartialCopies { get; }

    protected IdMappedLayers IdMapped => idMapped;

    /// <summary>Looks at the layers and the options.</summary>
    /// <exception cref="IOException">The upper cannot have such xattrs as the options ask for.</exception>
    public static Ownership Open(LayerStack layers, OverlayOptions options)
    {
        var ids = ShownIds.Of(options);
        var idMapped = new IdMappedLayers(ids, layers.Lowers);
        return StatOverrides.TryOpen(layers, options, out StatOverrides? overrides)
            ? new KeptOwnership(overrides, ids, idMapped)
            : new PlainOwnership(ids, idMapped);
    }

    /// <summary>
    /// The owners in layers that are read outside of a mount. The first is the upper (<see cref="Limits.NoLayer"/>), the next has number 0.
    /// Ids are those on disk, and nothing is written.
    /// </summary>
    public static Ownership ForReading(IReadOnlyList<Layer> layers, bool believesUser)
    {
        var overrides = StatOverrides.ForReading(layers, believesUser);
        var idMapped = new IdMappedLayers(ShownIds.Identity, []);
        return overrides.IsAnyMarked
            ? new KeptOwnership(overrides, ShownIds.Identity, idMapped)
            : new PlainOwnership(ShownIds.Identity, idMapped);
    }

    /// <summary>The names of the private xattrs, with those in which layers keep owners.</summary>
    /// <param name="isUser">True for "user.overlay.*".</param>
    public abstract OverlayXattr PrivateXattrs(bool isUser);

    /// <summary>Adds a lower layer before lookups see it. It has the next number.</summary>
    public virtual void Add(Layer layer) => idMapped.Add(layer);

    /// <summary>True if a regular file of the layer may be shown as a file of another type.</summary>
    public abstract bool MayStandForOthers(ushort layer);

    /// <summary>Changes a file's own attributes to those to be shown; the ids stay those on disk.</summary>
    /// <param name="layer">A lower layer's number; <see cref="Limits.NoLayer"/> for the upper.</param>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">The file.</param>
    /// <param name="stat">Its attributes.</param>
    /// <returns>An error if the xattr cannot be read. The file's own attributes must not be shown then.</returns>
    public abstract Errno Show(ushort layer, Fd directory, Name name, ref Statx stat);

    /// <summary>statx(2) of a file of a layer, as it is to be shown.</summary>
    public Errno Statx(ushort layer, Fd directory, Name name, out Statx stat, StatxMask mask = StatxMask.BasicStats)
    {
        Errno error = OwnerModes.Statx(directory, name, out stat, mask);
        return error == Errno.None ? Show(layer, directory, name, ref stat) : error;
    }

    /// <summary>Owner and mode of a file as the mount shows them.</summary>
    public ShownOwner ShownOwnerOf(in Statx stat) => ids.Show(stat);

    /// <summary>The owner of a request's new files, with ids as on disk.</summary>
    public Caller OwnerOf(in FuseRequest request) => ids.OnDisk(request.Caller);

    /// <summary>Reads the change of owner and mode that a SETATTR asks for.</summary>
    /// <returns>EOVERFLOW for an owner that has no id on disk (notify_change).</returns>
    public Errno ReadChange(in SetAttrIn input, out OwnerChange change) => OwnerChange.From(input, ids, out change);

    /// <summary>
    /// Files that this thread creates from now on belong to the request's caller; if owners are kept in xattrs, to the mounter.
    /// </summary>
    public abstract Errno AssumeCaller(in FuseRequest request);

    /// <summary>The mode with which a file is created. It may differ from the mode that will be shown.</summary>
    public abstract uint RealMode(uint mode);

    /// <summary>Creates a file. A device that the mounter may not create can be replaced by a regular file that stands for it.</summary>
    public abstract Errno Make(in Creation creation, Fd directory, Name name, uint mode, out Fd opened);

    /// <summary>True if a new file's own attributes are those to be shown.</summary>
    public abstract bool IsOwnersFile(in Creation creation, in Statx own);

    /// <summary>Gives a new file the owner and mode that its own attributes cannot have. Under the lock of its name.</summary>
    /// <param name="directory">The upper directory that holds the file; or the open file, if it has no name.</param>
    /// <param name="name">The file's name, or the empty name.</param>
    /// <param name="creation">The file that the caller asked for.</param>
    /// <param name="wanted">Of <see cref="Wanted"/>.</param>
    /// <param name="own">The file's own attributes; afterwards those to be shown.</param>
    public abstract Errno SettleNew(Fd directory, Name name, in Creation creation, in Statx wanted, ref Statx own);

    /// <summary>Creates the copy of a device, fifo or socket: the node itself, or a regular file that stands for it.</summary>
    public abstract Errno MakeNode(Fd directory, Name name, in Statx stat);

    /// <summary>Gives a copy in work its owner. This comes before its xattrs: a change of owner drops capabilities.</summary>
    /// <param name="work">The directory that holds the copy.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="wanted">The attributes to be shown.</param>
    /// <param name="isKept">True if the copy cannot have that owner; <see cref="GiveCopyMode"/> then keeps owner and mode in an
    /// xattr.</param>
    /// <returns>EOVERFLOW for an id that the daemon's user namespace does not have.</returns>
    public abstract Errno GiveCopyOwner(Fd work, Name name, in Statx wanted, out bool isKept);

    /// <summary>Gives a copy in work its mode. This comes after its xattrs.</summary>
    /// <param name="work">The directory that holds the copy.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="wanted">The attributes to be shown.</param>
    /// <param name="isKept">Of <see cref="GiveCopyOwner"/>.</param>
    public abstract Errno GiveCopyMode(Fd work, Name name, in Statx wanted, bool isKept);

    /// <summary>chown and chmod of an upper file. Under the lock of its name.</summary>
    /// <param name="request">The caller.</param>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="change">The change.</param>
    /// <param name="refused">Says whether <see cref="Substitute"/> can help if the result is EPERM.</param>
    public abstract Errno Change(in FuseRequest request, Fd directory, Name name, in OwnerChange change, out Substitution refused);

    /// <summary>Replaces a file by a regular file that stands for it. Under the lock of the names.</summary>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="refused">Of <see cref="Change"/>.</param>
    /// <param name="ino">The new inode number.</param>
    public abstract Errno Substitute(Fd directory, Name name, in Substitution refused, out ulong ino);

    /// <summary>True if the caller may do with a file what its owner may (inode_owner_or_capable).</summary>
    public bool MayActAsOwner(in FuseRequest request, in Statx stat)
    {
        (uint uid, uint gid, _) = ShownOwnerOf(stat);
        return CallerProcess.MayActAsOwner(request, uid, gid);
    }

    /// <summary>True if a file keeps a set-gid that does not execute when the caller changes it (in_group_or_capable).</summary>
    public bool MayKeepSetGid(in FuseRequest request, in Statx stat) => CallerProcess.MayKeepSetGid(request, ShownOwnerOf(stat).Gid);

    /// <summary>The set-uid and set-gid bits that a change by the caller takes from a file.</summary>
    public uint SetIdsToDrop(in FuseRequest request, in Statx stat)
    {
        Statx shown = stat;
        (shown.Uid, shown.Gid, _) = ShownOwnerOf(stat);
        return SetIds.ToDrop(request, shown);
    }

    /// <summary>Takes set-uid and set-gid from a file that was just written or truncated.</summary>
    public abstract Errno DropSetIds(in FuseRequest request, Fd file);

    /// <summary>False if a file with this mode has no set-uid or set-gid bit that a write could take away.</summary>
    public abstract bool MayHaveSetIds(in Statx stat);
}
