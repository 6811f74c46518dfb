using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Owners;

/// <summary>
/// Owners and modes of a mount whose layers keep them in xattrs, or may come to do so: a file shows its own attributes, those of its xattr,
/// or it is a regular file that stands for a file of another type.
/// </summary>
/// <param name="overrides">The xattrs.</param>
/// <param name="ids">The ids that the mount shows.</param>
/// <param name="idMapped">Lower layers whose files already have shown ids.</param>
internal sealed partial class KeptOwnership(StatOverrides overrides, ShownIds ids, IdMappedLayers idMapped) : Ownership(ids, idMapped)
{
    public override bool BelievesUser => overrides.BelievesUser;

    public override bool AllowsPartialCopies => false;

    public override OverlayXattr PrivateXattrs(bool isUser) => new(isUser) { HidesOverrides = true };

    public override void Add(Layer layer)
    {
        overrides.Add(layer);
        base.Add(layer);
    }

    public override bool MayStandForOthers(ushort layer) => overrides.MayStandForOthers(layer);

    public override Errno Show(ushort layer, Fd directory, Name name, ref Statx stat)
    {
        Errno error;
        if ((error = overrides.Apply(layer, directory, name, ref stat, out _)) != Errno.None)
            return error;
        IdMapped.Restore(layer, ref stat);
        return Errno.None;
    }

    public override Errno Change(in FuseRequest request, Fd directory, Name name, in OwnerChange change, out Substitution refused)
    {
        refused = default;
        if (change.IsNothing)
            return Errno.None;
        Errno error;
        if ((error = Sys.StatxAt(directory, name, out Statx own)) != Errno.None)
            return error;
        Statx shown = own;
        if ((error = overrides.Apply(Limits.NoLayer, directory, name, ref shown, out bool isKept)) != Errno.None)
            return error;
        if (!overrides.IsAlways && !isKept)
        {
            error = ChangeFile(request, directory, name, change);
            if (error != Errno.EPERM || !change.IsChown)
                return error;
        }
        if (change.IsChown)
            DropEscapedCapability(directory, name);
        change.ApplyTo(ref shown, change.IsChown ? SetIdsToDrop(request, shown) : 0);
        error = Keep(directory, name, own, shown);
        if (error == Errno.EPERM && MaySubstitute(own, name))
            refused = new Substitution { IsPossible = true, Own = own, Wanted = shown };
        return error;
    }

    public override Errno DropSetIds(in FuseRequest request, Fd file)
    {
        Errno error;
        if ((error = Sys.FStatx(file, out Statx own)) != Errno.None)
            return error;
        Statx shown = own;
        if ((error = overrides.Apply(Limits.NoLayer, file, Name.Empty, ref shown, out bool isKept)) != Errno.None)
            return error;
        uint dropped = SetIdsToDrop(request, shown);
        if (dropped == 0)
            return Errno.None;
        shown.Mode = (ushort)(shown.Mode & ~dropped);
        return isKept ? Keep(file, Name.Empty, own, shown) : Sys.FChModAt(file, Name.Empty, shown.Permissions);
    }

    /// <summary>Always true: the bits may be in the xattr.</summary>
    public override bool MayHaveSetIds(in Statx stat) => true;

    /// <summary>
    /// Makes a file in the upper or in work show the wanted attributes: by the xattr if the file can have it, else by its own attributes.
    /// </summary>
    /// <param name="directory">The directory that holds the file.</param>
    /// <param name="name">The file.</param>
    /// <param name="own">Its own attributes.</param>
    /// <param name="wanted">The attributes to be shown.</param>
    /// <returns>EPERM if neither can be done: see <see cref="ReplaceBySubstitute"/>.</returns>
    private Errno Keep(Fd directory, Name name, in Statx own, in Statx wanted)
    {
        if (overrides.CanCarry(own.Type))
            return overrides.Write(directory, name, wanted);
        Errno error;
        bool isOwner = own.Uid == wanted.Uid && own.Gid == wanted.Gid;
        if (!isOwner && (error = Sys.FChownAt(directory, name, wanted.Uid, wanted.Gid)) != Errno.None)
            return error;
        return own.Type == FileType.SymLink || own.Permissions == wanted.Permissions
            ? Errno.None
            : Sys.FChModAt(directory, name, wanted.Permissions);
    }
}
