using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// The names of files that have an entry in the index: one inode for all names, of which each may be in the upper layer or not yet.
/// </summary>
/// <param name="view">The merged view.</param>
internal sealed class IndexedNames(MergedView view)
{
    /// <summary>Gives an inode that is copied up a name in the upper layer too, where the merged view has it from a lower one (ovl_link_up).</summary>
    public Errno LinkUp(Inode inode, Inode parent, Name name)
    {
        Errno error = LinkInIndexed(inode, parent, name);
        view.Kernel.InvalidateAttributes(parent); // its time of change is another, its size may be
        return error;
    }

    private Errno LinkInIndexed(Inode inode, Inode parent, Name name)
    {
        if (view.Directories.BorrowUpper(parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            if (UpperFiles.Stat(upper, name, out _, out bool exists) is var unseen && (unseen != Errno.None || exists))
                return unseen; // linked already, or removed meanwhile
            if (CallerIds.AssumeMounter() is not Errno.None and var stuck)
                return stuck;
            if (view.Impure.Set(parent, upper) is not Errno.None and var unmarked)
                return unmarked;
            if (Sys.FStatx(upper, out Statx before) is not Errno.None and var lost)
                return lost;
            IndexEntry entry = inode.Index!;
            lock (entry)
                error = view.Index!.LinkTo(entry, upper, name);
            if (error == Errno.None)
                _ = Sys.UTimeNsAt(upper, Name.Empty, before.Atime.ToTimeSpec(), before.Mtime.ToTimeSpec()); // as well as can be: the name is in place
            return error;
        }
    }

    /// <summary>After one of its names has gone.</summary>
    public void Dropped(Inode? inode)
    {
        if (inode?.Index is { } entry)
            view.Index!.RemoveIfUnused(entry, view.Work!, view.Whiteouts!);
    }
}
