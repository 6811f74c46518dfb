using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
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
        if (_inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (RequireRemovable(parent, name) is not Errno.None and var kept)
            return kept;
        if (PrepareRemoval(request, parent, name) is not Errno.None and var unready)
            return unready;
        if (EnsureUpperDirectory(request, parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            if (StatUpper(upper, name, out Statx stat, out bool inUpper) is not Errno.None and var unseen)
                return unseen;
            if (LowerHas(parent, name, inUpper, out bool inLower) is not Errno.None and var failed)
                return failed;
            if (inUpper ? Whiteout.Is(_xattrs, upper, name, stat) : !inLower)
                return Errno.ENOENT;
            if (inUpper && stat.IsDirectory)
                return Errno.EISDIR;
            Inode? inode = inUpper ? _inodes.OfUpperFile(stat.Ino) : _inodes.OfName(parent, name);
            if (inUpper && RequireUnprotected(inode, upper, name) is not Errno.None and var protectedFile)
                return protectedFile;
            if (inUpper && Pin(inode, upper, name) is not Errno.None and var unheld)
                return unheld;
            error = inLower ? CoverFile(parent, upper, name, inUpper) : Sys.UnlinkAt(upper, name);
            Removed(inode, parent, name, error, inode is { HasUpper: true } ? LinksOf(inode, stat) : 0);
            if (error == Errno.None)
                DropIndex(inode);
            return error;
        }
    }

    /// <inheritdoc/>
    public Errno RmDir(in FuseRequest request, Name name)
    {
        if (_inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (_inodes.OfName(parent, name) is not { } inode)
            return Errno.ESTALE; // the kernel had it looked up: it is no longer what it was
        if (RequireRemovable(parent, name) is not Errno.None and var kept)
            return kept;
        if (RequireUnprotected(inode, Protection.Any) is not Errno.None and var fixedInode)
            return fixedInode;
        if (RequireEmpty(inode) is not Errno.None and var filled)
            return filled; // before the parent is copied up for nothing
        if (LinkUpIndexed(request, inode, parent, name) is not Errno.None and var unready)
            return unready;
        if (EnsureUpperDirectory(request, parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            if (LowerHas(parent, name, inode.HasUpper, out bool inLower) is not Errno.None and var unseen)
                return unseen;
            if (inode.HasUpper && Pin(inode, upper, name) is not Errno.None and var unheld)
                return unheld;
            error = inLower ? CoverDirectory(parent, upper, name, inode.HasUpper) : RemoveUpperDirectory(upper, name);
            Removed(inode, parent, name, error);
            if (error == Errno.None)
                DropIndex(inode);
            return error;
        }
    }

    private Errno RequireEmpty(Inode inode)
    {
        if (!inode.IsDirectory)
            return Errno.ENOTDIR;
        Errno error = new MergedDirectory(this, inode).IsEmpty(out bool empty);
        return error == Errno.None && !empty ? Errno.ENOTEMPTY : error;
    }

    private Errno CoverFile(Inode parent, Fd upper, Name name, bool inUpper)
    {
        if (_options.AufsWhiteouts && name.Length <= AufsWhiteout.LongestName)
            return CoverByAufs(parent, upper, name, inUpper);
        if (!inUpper)
            return _work!.Whiteout.Make(upper, name);
        var entry = new WorkEntry(_work!);
        try
        {
            Errno error = _work!.Whiteout.Make(entry.Directory, entry.Name);
            return error == Errno.None ? entry.MoveTo(upper, name) : error;
        }
        finally
        {
            entry.Dispose();
        }
    }

    private Errno CoverDirectory(Inode parent, Fd upper, Name name, bool inUpper)
    {
        if (_options.AufsWhiteouts && name.Length <= AufsWhiteout.LongestName)
            return CoverByAufs(parent, upper, name, inUpper);
        if (!inUpper)
            return _work!.Whiteout.Make(upper, name);
        var entry = new WorkEntry(_work!); // takes the directory in exchange, and removes it with the whiteouts in it
        try
        {
            Errno error = _work!.Whiteout.Make(entry.Directory, entry.Name);
            return error == Errno.None ? entry.ExchangeWith(upper, name) : error;
        }
        finally
        {
            entry.Dispose();
        }
    }

    private Errno RemoveUpperDirectory(Fd upper, Name name)
    {
        Errno error = Sys.RmDirAt(upper, name);
        if (error != Errno.ENOTEMPTY)
            return error;
        using var entry = new WorkEntry(_work!); // it holds whiteouts, of a lower that is no longer there
        return entry.TakeFrom(upper, name);
    }

    /// <summary>Brings the inode in line with what became of its name. Under the lock of its names.</summary>
    private void Removed(Inode? inode, Inode parent, Name name, Errno error, uint links = 0)
    {
        if (inode is not null && (error != Errno.None || _inodes.Unlink(inode, parent, name, links)))
            Unpin(inode);
    }
}
