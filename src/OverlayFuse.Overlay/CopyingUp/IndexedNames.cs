using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// The names of files that have an entry in the index. One inode has all names. Each name is in the upper layer, or not yet.
/// </summary>
/// <param name="view">The merged view.</param>
internal sealed class IndexedNames(MergedView view)
{
    /// <summary>
    /// Links a name of a copied-up inode into the upper layer. Until then the name comes from a lower layer (ovl_link_up).
    /// </summary>
    public Errno LinkUp(Inode inode, Inode parent, Name name)
    {
        Errno error = LinkInIndexed(inode, parent, name);
        // The parent's time of change is another, its size may be.
        view.Kernel.InvalidateAttributes(parent);
        return error;
    }

    private Errno LinkInIndexed(Inode inode, Inode parent, Name name)
    {
        Errno error;
        if ((error = view.Directories.BorrowUpper(parent, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
        using (new NamesChange(parent))
        {
            // The name is linked already, or was removed meanwhile.
            if (UpperFiles.Stat(upper, name, out _, out bool exists) is var unseen && (unseen != Errno.None || exists))
                return unseen;
            if ((error = CallerIds.AssumeMounter()) != Errno.None)
                return error;
            if ((error = view.Impure.Set(parent, upper)) != Errno.None)
                return error;
            if ((error = Sys.FStatx(upper, out Statx before)) != Errno.None)
                return error;
            IndexEntry entry = inode.Index!;
            lock (entry)
                error = view.Index!.LinkTo(entry, upper, name);
            // A failure changes nothing: the name is in place.
            if (error == Errno.None)
                _ = Sys.UTimeNsAt(upper, Name.Empty, before.Atime.ToTimeSpec(), before.Mtime.ToTimeSpec());
            return error;
        }
    }

    /// <summary>One name of an inode has gone.</summary>
    public void Dropped(Inode? inode)
    {
        if (inode?.Index is { } entry)
            view.Index!.RemoveIfUnused(entry, view.Work!, view.Whiteouts!);
    }
}
