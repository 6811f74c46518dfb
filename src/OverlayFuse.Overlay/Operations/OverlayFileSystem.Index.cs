using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.CopyingUp;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Operations;

/// <summary>
/// What has an entry in the index. Files with several lower links, with index=on: one inode for all names, of which each may be in the upper layer
/// or not yet. With nfs_export=on all else that is copied up, too.
/// </summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>Gives an inode that is copied up a name in the upper layer too, where the merged view has it from a lower one (ovl_link_up).</summary>
    internal Errno LinkUp(Inode inode, Inode parent, Name name)
    {
        Errno error = LinkInIndexed(inode, parent, name);
        InvalidateAttributes(parent); // its time of change is another, its size may be
        return error;
    }

    private Errno LinkInIndexed(Inode inode, Inode parent, Name name)
    {
        if (_directories.BorrowUpper(parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            if (StatUpper(upper, name, out _, out bool exists) is var unseen && (unseen != Errno.None || exists))
                return unseen; // linked already, or removed meanwhile
            if (CallerIds.AssumeMounter() is not Errno.None and var stuck)
                return stuck;
            if (MarkImpure(parent, upper) is not Errno.None and var unmarked)
                return unmarked;
            if (Sys.FStatx(upper, out Statx before) is not Errno.None and var lost)
                return lost;
            IndexEntry entry = inode.Index!;
            lock (entry)
                error = _index!.LinkTo(entry, upper, name);
            if (error == Errno.None)
                _ = Sys.UTimeNsAt(upper, Name.Empty, before.Atime.ToTimeSpec(), before.Mtime.ToTimeSpec()); // as well as can be: the name is in place
            return error;
        }
    }

    /// <summary>
    /// Before a name of such a file goes: the count of those that are left is kept with its copy, so there must be one (ovl_nlink_start).
    /// </summary>
    private Errno PrepareRemoval(in FuseRequest request, Inode parent, Name name)
    {
        if (_index is null)
            return Errno.None;
        Errno error = LookupEntry(parent, name, default, out _, out Inode inode);
        if (error != Errno.None)
            return error;
        error = RequireUnprotected(inode, Protection.Any);
        if (error == Errno.None)
            error = LinkUpIndexed(request, inode, parent, name);
        _inodes.Forget(inode.Id, 1);
        return error;
    }

    /// <summary>Copies up what has an index entry, and links this name of it.</summary>
    private Errno LinkUpIndexed(in FuseRequest request, Inode inode, Inode parent, Name name)
    {
        if (inode.Index is null)
            return Errno.None;
        if (EnsureUpper(request, inode, CopyUp.NoData) is not Errno.None and var error)
            return error;
        if (inode.IsDirectory)
            return Errno.None;
        if (EnsureUpper(request, parent) is not Errno.None and var refused)
            return refused;
        return LinkUp(inode, parent, name);
    }

    private Errno LinkUpIndexed(in FuseRequest request, in Renaming rename)
    {
        if (LinkUpIndexed(request, rename.Source, rename.OldParent, rename.OldName) is not Errno.None and var error)
            return error;
        return rename.Target is { } target ? LinkUpIndexed(request, target, rename.NewParent, rename.NewName) : Errno.None;
    }

    /// <summary>After one of its names has gone.</summary>
    private void DropIndex(Inode? inode)
    {
        if (inode?.Index is { } entry)
            _index!.RemoveIfUnused(entry, _work!);
    }
}
