using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Owners;

/// <summary>Owners and modes of a mount without layers that keep them in xattrs: the files' own attributes count.</summary>
/// <param name="ids">The ids that the mount shows.</param>
/// <param name="idMapped">Lower layers whose files already have shown ids.</param>
internal sealed class PlainOwnership(ShownIds ids, IdMappedLayers idMapped) : Ownership(ids, idMapped)
{
    public override bool BelievesUser => false;

    public override bool AllowsPartialCopies => true;

    public override OverlayXattr PrivateXattrs(bool isUser) => new(isUser);

    public override bool MayStandForOthers(ushort layer) => false;

    public override Errno Show(ushort layer, Fd directory, Name name, ref Statx stat)
    {
        IdMapped.Restore(layer, ref stat);
        return Errno.None;
    }

    public override Errno AssumeCaller(in FuseRequest request) => CallerIds.Assume(OwnerOf(request));

    public override uint RealMode(uint mode) => mode;

    public override Errno Make(in Creation creation, Fd directory, Name name, uint mode, out Fd opened) =>
        creation.MakeAt(directory, name, mode, out opened);

    public override bool IsOwnersFile(in Creation creation, in Statx own) => true;

    public override Errno SettleNew(Fd directory, Name name, in Creation creation, in Statx wanted, ref Statx own) => Errno.None;

    public override Errno MakeNode(Fd directory, Name name, in Statx stat) => Sys.MkNodAt(directory, name, stat.Mode, stat.Rdev);

    public override Errno GiveCopyOwner(Fd work, Name name, in Statx wanted, out bool isKept)
    {
        isKept = false;
        return ChOwnCopy(work, name, wanted);
    }

    public override Errno GiveCopyMode(Fd work, Name name, in Statx wanted, bool isKept) => ChModCopy(work, name, wanted);

    public override Errno Change(in FuseRequest request, Fd directory, Name name, in OwnerChange change, out Substitution refused)
    {
        refused = default;
        return ChangeFile(request, directory, name, change);
    }

    /// <summary>Unused: <see cref="Change"/> never offers it.</summary>
    public override Errno Substitute(Fd directory, Name name, in Substitution refused, out ulong ino)
    {
        ino = 0;
        return Errno.EPERM;
    }

    public override Errno DropSetIds(in FuseRequest request, Fd file)
    {
        Errno error;
        if ((error = Sys.FStatx(file, out Statx stat)) != Errno.None)
            return error;
        uint dropped = SetIdsToDrop(request, stat);
        return dropped == 0 ? Errno.None : Sys.FChModAt(file, Name.Empty, stat.Permissions & ~dropped);
    }

    public override bool MayHaveSetIds(in Statx stat) => (stat.Permissions & SetIds.Any) != 0;

    public override bool IsReservedXattr(Name name) => false;

    public override Errno GetStored(ushort layer, in LayerName file, Name stored, Span<byte> value, out int length) =>
        Sys.GetXattrAt(file.Directory, file.Name, stored, value, out length);

    public override Errno SetStored(in LayerName file, Name stored, ReadOnlySpan<byte> value, XattrFlags flags) =>
        Sys.SetXattrAt(file.Directory, file.Name, stored, value, flags);

    public override Errno RemoveStored(in LayerName file, Name stored) => Sys.RemoveXattrAt(file.Directory, file.Name, stored);

    public override void DropEscapedCapability(Fd directory, Name name)
    {
    }

    public override bool WriteDropsCapability(Fd file) => Sys.FGetXattr(file, FileCapability.Xattr, default, out _) == Errno.None;

    public override Errno AccessListChanged(in LayerName file, ReadOnlySpan<byte> acl, bool clearsSetGid) =>
        clearsSetGid ? ClearSetGid(file) : Errno.None;

    protected override Errno ShowAclOwner(ushort layer, in LayerName file, Span<byte> acl) => Errno.None;
}
