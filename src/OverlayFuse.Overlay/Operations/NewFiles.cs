using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.Owners;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// Makes files in upper directories: in place, or over a whiteout in the work directory first (ovl_create_object, ovl_create_over_whiteout). Under the lock
/// of the names.
/// </summary>
/// <param name="view">The merged view.</param>
internal sealed class NewFiles(MergedView view)
{
    public Errno MakeAt(in UpperName place, in Creation creation, out Fd made, out bool marked)
    {
        made = Fd.None;
        if (view.UpperForm.Hides(place.Upper, ref place.Parent.Directory!.UpperMarks, place.Name, out marked) is not Errno.None and var unseen)
            return unseen;
        if (MadeMode(place.Parent, place.Upper, creation, out uint mode) is not Errno.None and var unread)
            return unread;
        Errno error = marked && creation.IsDirectory
            ? MakeOpaqueInPlace(place, creation)
            : view.Owners.Make(creation, place.Upper, place.Name, mode, out made);
        return error == Errno.None && marked ? view.UpperForm.Appeared(place.Upper, ref place.Parent.Directory!.UpperMarks, place.Name) : error;
    }

    /// <summary>Lower layers may change between mounts as long as nothing in the upper points into them (ovl_allow_offline_changes).</summary>
    public bool AllowsOfflineChanges => !view.Redirect.IsMade && !view.Metacopy.IsOn && view.Index is null && !view.Options.KeepsLowers;

    /// <summary>Below a new directory there is nothing, and nothing will come there: later lookups need not ask (ovl_create_upper).</summary>
    public Errno CutOff(in UpperName place)
    {
        Errno error = view.UpperForm.MarkOpaque(place.Upper, place.Name);
        if (error != Errno.None)
            _ = Sys.RmDirAt(place.Upper, place.Name); // the error that is told is the first
        return error;
    }

    /// <summary>Looks at what stands where something was to be made.</summary>
    /// <returns>EEXIST when it is no whiteout.</returns>
    public Errno RequireWhiteout(Fd upper, Name name)
    {
        Errno error = UpperFiles.Stat(upper, name, out Statx there, out bool exists);
        return error == Errno.None && !(exists && Whiteout.Is(view.Xattrs, upper, name, there)) ? Errno.EEXIST : error;
    }

    /// <summary>What could not be shown to the caller shall not be there. Errors change nothing: one is answered already.</summary>
    public void Unmake(in UpperName place, bool directory, bool overWhiteout)
    {
        if (overWhiteout)
            _ = view.UpperForm.Cover(place.Upper, ref place.Parent.Directory!.UpperMarks, place.Name, directory ? UpperEntry.Directory : UpperEntry.File); // see above
        else
            _ = directory ? Sys.RmDirAt(place.Upper, place.Name) : Sys.UnlinkAt(place.Upper, place.Name); // see above
    }

    public Errno MakeOverWhiteout(in UpperName place, in Creation creation, out Fd made)
    {
        var entry = new WorkEntry(view.Work!);
        try
        {
            if (MakeInWork(place.Parent, place.Upper, creation, entry, out made) is not Errno.None and var error)
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
    /// Makes an entry in the work directory just as the file system would in the upper one: set-gid and default ACL of the parent are
    /// inherited from a stand-in for it, so that the rules stay the file system's own.
    /// </summary>
    private Errno MakeInWork(Inode parent, Fd upper, in Creation creation, in WorkEntry entry, out Fd made)
    {
        made = Fd.None;
        if (MadeMode(parent, upper, creation, out uint mode) is not Errno.None and var unread)
            return unread;
        if (Sys.FStatx(upper, out Statx stat) is not Errno.None and var error)
            return error;
        bool inherits = (stat.Permissions & SetIds.SetGid) != 0 || parent.Directory!.HasDefaultAcl == Known.Yes;
        if (!inherits)
            return view.Owners.Make(creation, entry.Directory, entry.Name, mode, out made);
        using var standIn = new WorkEntry(view.Work!);
        if (MakeStandIn(upper, stat, standIn, out Fd opened) is not Errno.None and var failed)
            return failed;
        using var directory = new ScopedFd(opened);
        if (view.Owners.Make(creation, directory, entry.Name, mode, out made) is not Errno.None and var unmade)
            return unmade;
        using var file = new ScopedFd(made);
        error = Sys.RenameAt(directory, entry.Name, entry.Directory, entry.Name);
        made = error == Errno.None ? file.Release() : Fd.None;
        return error;
    }

    private static Errno MakeStandIn(Fd upper, in Statx parent, in WorkEntry standIn, out Fd opened)
    {
        opened = Fd.None;
        if (Sys.MkDirAt(standIn.Directory, standIn.Name, Permissions.OwnerAll) is not Errno.None and var error)
            return error;
        if (Sys.FChownAt(standIn.Directory, standIn.Name, uint.MaxValue, parent.Gid) is not Errno.None and var kept)
            return kept;
        if (Sys.FChModAt(standIn.Directory, standIn.Name, Permissions.OwnerAll | (parent.Permissions & SetIds.SetGid)) is not Errno.None and var refused)
            return refused;
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

    /// <summary>A directory where one was deleted by a mark beside it: opaque from its first moment.</summary>
    private Errno MakeOpaqueInPlace(in UpperName place, in Creation creation)
    {
        var entry = new WorkEntry(view.Work!);
        try
        {
            if (MakeInWork(place.Parent, place.Upper, creation, entry, out _) is not Errno.None and var error)
                return error;
            error = view.UpperForm.MarkOpaque(entry.Directory, entry.Name);
            return error == Errno.None ? entry.MoveTo(place.Upper, place.Name, RenameFlags.NoReplace) : error;
        }
        finally
        {
            entry.Dispose();
        }
    }

    /// <summary>The mode with which a file is made: that of the file itself, not always the one that will be shown.</summary>
    public Errno MadeMode(Inode parent, Fd upper, in Creation creation, out uint mode)
    {
        Errno error = ModeOf(parent, upper, creation.Mode, creation.UMask, out mode);
        mode = view.Owners.RealMode(mode);
        return error;
    }

    /// <summary>Gives a new file the owner and mode that its own attributes do not say. Under the lock of its name.</summary>
    /// <param name="place">Where it was made.</param>
    /// <param name="file">The upper directory, or the file itself if it has no name.</param>
    /// <param name="creation">What was asked for.</param>
    /// <param name="own">Its own attributes; what is to be shown afterwards.</param>
    public Errno Settle(in UpperName place, Fd file, in Creation creation, ref Statx own)
    {
        if (view.Owners.IsOwnersFile(creation, own))
            return Errno.None;
        if (ModeOf(place.Parent, place.Upper, creation.Mode & Permissions.All, creation.UMask, out uint mode) is not Errno.None and var error)
            return error;
        Statx wanted = own;
        if ((error = view.Owners.Wanted(place.Upper, creation, mode, ref wanted)) != Errno.None)
            return error;
        return view.Owners.SettleNew(file, place.Name, creation, wanted, ref own);
    }
}
