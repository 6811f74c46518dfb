using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// UNLINK and RMDIR: what a lower layer shows gets a whiteout in one step and is never copied up; the rest is plainly removed
/// (ovl_do_remove, ovl_remove_and_whiteout).
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <inheritdoc/>
    public Errno Unlink(in FuseRequest request, Name name)
    {
        if (_view.Inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (_protections.RequireRemovable(parent, name) is not Errno.None and var kept)
            return kept;
        if (PrepareRemoval(request, parent, name) is not Errno.None and var unready)
            return unready;
        if (_upper.BorrowDirectory(request, parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            if (UpperFiles.Stat(upper, name, out Statx stat, out bool inUpper) is not Errno.None and var unseen)
                return unseen;
            if (LayerLookup.LowerHas(_view, parent, name, inUpper, out bool inLower) is not Errno.None and var failed)
                return failed;
            if (inUpper ? Whiteout.Is(_view.Xattrs, upper, name, stat) : !inLower)
                return Errno.ENOENT;
            if (inUpper && stat.IsDirectory)
                return Errno.EISDIR;
            Inode? inode = inUpper ? _view.Inodes.OfUpperFile(stat.Ino) : _view.Inodes.OfName(parent, name);
            if (inUpper && _protections.RequireUnprotected(inode, upper, name) is not Errno.None and var protectedFile)
                return protectedFile;
            if (inUpper && _access.Pin(inode, upper, name) is not Errno.None and var unheld)
                return unheld;
            error = inLower ? _view.UpperForm.Cover(upper, ref parent.Directory!.UpperMarks, name, inUpper ? UpperEntry.File : UpperEntry.None) : Sys.UnlinkAt(upper, name);
            Removed(inode, parent, name, error, inode is { HasUpper: true } ? LinksOf(inode, stat) : 0);
            if (error == Errno.None)
                _indexed.Dropped(inode);
            return error;
        }
    }

    /// <inheritdoc/>
    public Errno RmDir(in FuseRequest request, Name name)
    {
        if (_view.Inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (_view.Inodes.OfName(parent, name) is not { } inode)
            return Errno.ESTALE; // the kernel had it looked up: it is no longer what it was
        if (_protections.RequireRemovable(parent, name) is not Errno.None and var kept)
            return kept;
        if (_protections.RequireUnprotected(inode, Protection.Any) is not Errno.None and var fixedInode)
            return fixedInode;
        if (RequireEmpty(inode) is not Errno.None and var filled)
            return filled; // before the parent is copied up for nothing
        if (LinkUpIndexed(request, inode, parent, name) is not Errno.None and var unready)
            return unready;
        if (_upper.BorrowDirectory(request, parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            if (LayerLookup.LowerHas(_view, parent, name, inode.HasUpper, out bool inLower) is not Errno.None and var unseen)
                return unseen;
            if (inode.HasUpper && _access.Pin(inode, upper, name) is not Errno.None and var unheld)
                return unheld;
            error = inLower
                ? _view.UpperForm.Cover(upper, ref parent.Directory!.UpperMarks, name, inode.HasUpper ? UpperEntry.Directory : UpperEntry.None)
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
        using var entry = new WorkEntry(_view.Work!); // it holds whiteouts, of a lower that is no longer there
        return entry.TakeFrom(upper, name);
    }

    /// <summary>Brings the inode in line with what became of its name. Under the lock of its names.</summary>
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
