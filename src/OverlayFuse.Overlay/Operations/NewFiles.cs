using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// Makes files in upper directories: in place, or first in the work directory if a whiteout stands there (ovl_create_object,
/// ovl_create_over_whiteout). Callers hold the lock of the names.
/// </summary>
/// <param name="view">The merged view.</param>
internal sealed class NewFiles(MergedView view)
{
    public Errno MakeAt(in UpperName place, in Creation creation, out Fd made, out bool marked)
    {
        made = Fd.None;
        Errno error = view.UpperForm.Hides(place.Upper, ref place.Parent.Directory!.UpperMarks, place.Name, out marked);
        if (error != Errno.None)
            return error;
        if ((error = MadeMode(place.Parent, place.Upper, creation, out uint mode)) != Errno.None)
            return error;
        error = marked && creation.IsDirectory
            ? MakeOpaqueInPlace(place, creation)
            : view.Owners.Make(creation, place.Upper, place.Name, mode, out made);
        return error == Errno.None && marked
            ? view.UpperForm.Appeared(place.Upper, ref place.Parent.Directory!.UpperMarks, place.Name)
            : error;
    }

    /// <summary>
    /// True if lower layers may change between mounts: nothing in the upper points into them (ovl_allow_offline_changes).
    /// </summary>
    public bool AllowsOfflineChanges => !view.Redirect.IsMade && !view.Metacopy.IsOn && view.Index is null && !view.Options.KeepsLowers;

    /// <summary>
    /// Marks a new directory opaque: lower layers have no part in it, so later lookups do not ask them (ovl_create_upper).
    /// </summary>
    public Errno CutOff(in UpperName place)
    {
        Errno error = view.UpperForm.MarkOpaque(place.Upper, place.Name);
        // The caller gets the first error.
        if (error != Errno.None)
            _ = Sys.RmDirAt(place.Upper, place.Name);
        return error;
    }

    /// <summary>Checks that the entry in the way of a new file is a whiteout.</summary>
    /// <returns>EEXIST if it is not.</returns>
    public Errno RequireWhiteout(Fd upper, Name name)
    {
        Errno error = UpperFiles.Stat(upper, name, out Statx there, out bool exists);
        return error == Errno.None && !(exists && Whiteout.Is(view.Xattrs, upper, name, there)) ? Errno.EEXIST : error;
    }

    /// <summary>Removes a new entry if the reply could not be delivered. Errors are ignored: the caller gets the earlier one.</summary>
    public void Unmake(in UpperName place, bool directory, bool overWhiteout)
    {
        UpperEntry entry = directory ? UpperEntry.Directory : UpperEntry.File;
        // See above for the ignored errors.
        if (overWhiteout)
            _ = view.UpperForm.Cover(place.Upper, ref place.Parent.Directory!.UpperMarks, place.Name, entry);
        else
            _ = directory ? Sys.RmDirAt(place.Upper, place.Name) : Sys.UnlinkAt(place.Upper, place.Name);
    }

    public Errno MakeOverWhiteout(in UpperName place, in Creation creation, out Fd made)
    {
        Errno error;
        var entry = new WorkEntry(view.Work!);
        try
        {
            if ((error = MakeInWork(place.Parent, place.Upper, creation, entry, out made)) != Errno.None)
                return error;
            using var file = new ScopedFd(made);
            error = creation.IsDirectory ? view.UpperForm.MarkOpaque(entry.Directory, entry.Name) : Errno.None;
            if (error == Errno.None)
                error = creation.IsDirectory ? entry.ExchangeWith(place.Upper, place.Name) : entry.MoveTo(place.Upper, place.Name);
            made = error == Errno.None ? file.Release() : Fd.None;
            return error;
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>
    /// Makes an entry in the work directory with the attributes that the upper directory would give it. If the parent has set-gid or a
    /// default ACL, the entry is made in a stand-in with the same, so the file system itself applies its rules.
    /// </summary>
    private Errno MakeInWork(Inode parent, Fd upper, in Creation creation, in WorkEntry entry, out Fd made)
    {
        made = Fd.None;
        Errno error = MadeMode(parent, upper, creation, out uint mode);
        if (error != Errno.None)
            return error;
        if ((error = Sys.FStatx(upper, out Statx stat)) != Errno.None)
            return error;
        bool inherits = (stat.Permissions & SetIds.SetGid) != 0 || parent.Directory!.HasDefaultAcl == Known.Yes;
        if (!inherits)
            return view.Owners.Make(creation, entry.Directory, entry.Name, mode, out made);
        using var standIn = new WorkEntry(view.Work!);
        if ((error = MakeStandIn(upper, stat, standIn, out Fd opened)) != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        if ((error = view.Owners.Make(creation, directory, entry.Name, mode, out made)) != Errno.None)
            return error;
        using var file = new ScopedFd(made);
        error = Sys.RenameAt(directory, entry.Name, entry.Directory, entry.Name);
        made = error == Errno.None ? file.Release() : Fd.None;
        return error;
    }

    private static Errno MakeStandIn(Fd upper, in Statx parent, in WorkEntry standIn, out Fd opened)
    {
        opened = Fd.None;
        Errno error = Sys.MkDirAt(standIn.Directory, standIn.Name, Permissions.OwnerAll);
        if (error != Errno.None)
            return error;
        if ((error = Sys.FChownAt(standIn.Directory, standIn.Name, uint.MaxValue, parent.Gid)) != Errno.None)
            return error;
        uint mode = Permissions.OwnerAll | (parent.Permissions & SetIds.SetGid);
        if ((error = Sys.FChModAt(standIn.Directory, standIn.Name, mode)) != Errno.None)
            return error;
        byte[] acl = new byte[Limits.XattrSizeMax];
        error = Sys.GetXattrAt(upper, Name.Empty, AclIds.DefaultXattr, acl, out int length);
        if (error == Errno.None)
            error = AclIds.WithoutStrangers(acl, ref length);
        if (error == Errno.None)
            error = Sys.SetXattrAt(standIn.Directory, standIn.Name, AclIds.DefaultXattr, acl.AsSpan(0, length));
        if (error is not (Errno.None or Errno.ENODATA or Errno.EOPNOTSUPP))
            return error;
        return Sys.OpenAt(standIn.Directory, standIn.Name, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out opened);
    }

    /// <summary>The umask applies only where there is no default ACL (posix_acl_create).</summary>
    private static Errno ModeOf(Inode parent, Fd upper, uint asked, uint umask, out uint mode)
    {
        mode = asked & ~umask;
        DirectoryNode node = parent.Directory!;
        if (node.HasDefaultAcl == Known.NotYet)
        {
            Errno error = Sys.GetXattrAt(upper, Name.Empty, AclIds.DefaultXattr, default, out int length);
            if (error is not (Errno.None or Errno.ENODATA or Errno.EOPNOTSUPP))
                return error;
            node.HasDefaultAcl = error == Errno.None && length > 0 ? Known.Yes : Known.No;
        }
        if (node.HasDefaultAcl == Known.Yes)
            mode = asked;
        return Errno.None;
    }

    /// <summary>
    /// Makes a directory where a mark beside the name says that one was deleted. The new one is opaque from its first moment.
    /// </summary>
    private Errno MakeOpaqueInPlace(in UpperName place, in Creation creation)
    {
        Errno error;
        var entry = new WorkEntry(view.Work!);
        try
        {
            if ((error = MakeInWork(place.Parent, place.Upper, creation, entry, out _)) != Errno.None)
                return error;
            error = view.UpperForm.MarkOpaque(entry.Directory, entry.Name);
            return error == Errno.None ? entry.MoveTo(place.Upper, place.Name, RenameFlags.NoReplace) : error;
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>Tells the mode of the real file. The mount may show another one.</summary>
    public Errno MadeMode(Inode parent, Fd upper, in Creation creation, out uint mode)
    {
        Errno error = ModeOf(parent, upper, creation.Mode, creation.UMask, out mode);
        mode = view.Owners.RealMode(mode);
        return error;
    }

    /// <summary>
    /// Gives a new file the owner and mode that the caller asked for, where its real attributes differ. Under the lock of its name.
    /// </summary>
    /// <param name="place">Its name.</param>
    /// <param name="file">The upper directory, or the file itself if it has no name.</param>
    /// <param name="creation">The request.</param>
    /// <param name="own">In: the attributes of the real file. Out: the attributes to show.</param>
    public Errno Settle(in UpperName place, Fd file, in Creation creation, ref Statx own)
    {
        if (view.Owners.IsOwnersFile(creation, own))
            return Errno.None;
        Errno error = ModeOf(place.Parent, place.Upper, creation.Mode & Permissions.All, creation.UMask, out uint mode);
        if (error != Errno.None)
            return error;
        Statx wanted = own;
        if ((error = view.Owners.Wanted(place.Upper, creation, mode, ref wanted)) != Errno.None)
            return error;
        return view.Owners.SettleNew(file, place.Name, creation, wanted, ref own);
    }
}
