using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Listing;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// UNLINK and RMDIR. A name that a lower layer has gets a whiteout in one step, without a copy-up. Any other name is removed from the upper
/// (ovl_do_remove, ovl_remove_and_whiteout).
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno Unlink(in FuseRequest request, Name name)
    {
        if (_view.Inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        Errno error = _protections.RequireRemovable(parent, name);
        if (error != Errno.None)
            return error;
        if ((error = PrepareRemoval(request, parent, name)) != Errno.None)
            return error;
        if ((error = _upper.BorrowDirectory(request, parent, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            if ((error = UpperFiles.Stat(upper, name, out Statx stat, out bool inUpper)) != Errno.None)
                return error;
            if ((error = LayerLookup.LowerHas(_view, parent, name, inUpper, out bool inLower)) != Errno.None)
                return error;
            if (inUpper ? Whiteout.Is(_view.Xattrs, upper, name, stat) : !inLower)
                return Errno.ENOENT;
            if (inUpper && stat.IsDirectory)
                return Errno.EISDIR;
            return RemoveFile(new UpperName(parent, upper, name), stat, inUpper, inLower);
        }
    }

    private Errno RemoveFile(in UpperName place, in Statx stat, bool inUpper, bool inLower)
    {
        Inode? inode = inUpper ? _view.Inodes.AcquireUpperFile(stat.Ino) : _view.Inodes.AcquireName(place.Parent, place.Name);
        try
        {
            Errno error;
            if (inUpper && (error = _protections.RequireUnprotected(inode, place.Upper, place.Name)) != Errno.None)
                return error;
            if (inUpper && (error = _access.Pin(inode, place.Upper, place.Name)) != Errno.None)
                return error;
            error = inLower
                ? _view.UpperForm.Cover(place.Upper, ref place.Parent.Directory!.UpperMarks, place.Name,
                    inUpper ? UpperEntry.File : UpperEntry.None)
                : Sys.UnlinkAt(place.Upper, place.Name);
            Removed(inode, place.Parent, place.Name, error, inode is { HasUpper: true } ? Replies.LinksOf(inode, stat) : 0);
            if (error == Errno.None)
                _indexed.Dropped(inode);
            return error;
        }
        finally
        {
            if (inode is not null)
                _view.Inodes.Forget(inode.Id, 1);
        }
    }

    /// <inheritdoc/>
    public Errno RmDir(in FuseRequest request, Name name)
    {
        if (_view.Inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        // The kernel has looked it up before, so it has changed since.
        if (_view.Inodes.AcquireName(parent, name) is not { } inode)
            return Errno.ESTALE;
        try
        {
            return RmDir(request, parent, name, inode);
        }
        finally
        {
            _view.Inodes.Forget(inode.Id, 1);
        }
    }

    private Errno RmDir(in FuseRequest request, Inode parent, Name name, Inode inode)
    {
        Errno error = _protections.RequireRemovable(parent, name);
        if (error != Errno.None)
            return error;
        if ((error = _protections.RequireUnprotected(inode, Protection.Any)) != Errno.None)
            return error;
        // This check comes first, so the parent is not copied up in vain.
        if ((error = RequireEmpty(inode)) != Errno.None)
            return error;
        if ((error = LinkUpIndexed(request, inode, parent, name)) != Errno.None)
            return error;
        if ((error = _upper.BorrowDirectory(request, parent, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            if ((error = LayerLookup.LowerHas(_view, parent, name, inode.HasUpper, out bool inLower)) != Errno.None)
                return error;
            if (inode.HasUpper && (error = _access.Pin(inode, upper, name)) != Errno.None)
                return error;
            error = inLower
                ? _view.UpperForm.Cover(upper, ref parent.Directory!.UpperMarks, name,
                    inode.HasUpper ? UpperEntry.Directory : UpperEntry.None)
                : RemoveUpperDirectory(upper, name);
            Removed(inode, parent, name, error);
            if (error == Errno.None)
                _indexed.Dropped(inode);
            return error;
        }
    }

    private Errno RequireEmpty(Inode inode)
    {
        if (!inode.IsDirectory)
            return Errno.ENOTDIR;
        Errno error = new MergedDirectory(_view, inode).IsEmpty(out bool empty);
        return error == Errno.None && !empty ? Errno.ENOTEMPTY : error;
    }

    private Errno RemoveUpperDirectory(Fd upper, Name name)
    {
        Errno error = Sys.RmDirAt(upper, name);
        if (error != Errno.ENOTEMPTY)
            return error;
        // The directory holds whiteouts for a lower layer that is gone.
        using var entry = new WorkEntry(_view.Work!);
        return entry.TakeFrom(upper, name);
    }

    /// <summary>Updates the inode after its name was removed, or could not be. Under the lock of its names.</summary>
    private void Removed(Inode? inode, Inode parent, Name name, Errno error, uint links = 0)
    {
        if (inode is not null && (error != Errno.None || _view.Inodes.Unlink(inode, parent, name, links)))
            OpenDescriptors.Unpin(inode);
    }

    /// <summary>
    /// Copies up a file of the index before one of its names goes: the copy keeps the count of the names that are left (ovl_nlink_start).
    /// </summary>
    private Errno PrepareRemoval(in FuseRequest request, Inode parent, Name name)
    {
        if (_view.Index is null)
            return Errno.None;
        Errno error = LookupEntry(parent, name, default, out _, out Inode inode);
        if (error != Errno.None)
            return error;
        error = _protections.RequireUnprotected(inode, Protection.Any);
        if (error == Errno.None)
            error = LinkUpIndexed(request, inode, parent, name);
        _view.Inodes.Forget(inode.Id, 1);
        return error;
    }

    /// <summary>Copies up a file that has an index entry, and gives its copy this name.</summary>
    private Errno LinkUpIndexed(in FuseRequest request, Inode inode, Inode parent, Name name)
    {
        if (inode.Index is null)
            return Errno.None;
        Errno error;
        if ((error = _upper.Ensure(request, inode, CopyUp.NoData)) != Errno.None)
            return error;
        if (inode.IsDirectory)
            return Errno.None;
        if ((error = _upper.Ensure(request, parent)) != Errno.None)
            return error;
        return _indexed.LinkUp(inode, parent, name);
    }

    private Errno LinkUpIndexed(in FuseRequest request, in Renaming rename)
    {
        Errno error;
        if ((error = LinkUpIndexed(request, rename.Source, rename.OldParent, rename.OldName)) != Errno.None)
            return error;
        return rename.Target is { } target ? LinkUpIndexed(request, target, rename.NewParent, rename.NewName) : Errno.None;
    }
}
