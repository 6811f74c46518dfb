using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// Puts finished copies where they belong: under their name in the upper, into the index, or nowhere if the name is gone.
/// </summary>
internal sealed partial class CopyUp
{
    private Errno PutInPlace(Inode inode, Copied copied, ref WorkEntry entry)
    {
        Errno error;
        if ((error = Sys.StatxAt(entry.Directory, entry.Name, out copied.Stat, StatxMask.Ino)) != Errno.None)
            return error;
        inode.HasOrigin = inode.IsDirectory || copied.Lower.Nlink == 1 || inode.Index is not null;
        Place place = inode.Place!;
        bool isInIndex = inode.Index is not null && !inode.IsDirectory;
        error = isInIndex ? PutInIndex(inode, copied, ref entry)
            : inode.Unlinked ? Errno.ENOENT : PutUnderName(inode, place, copied, ref entry);
        if (error == Errno.ENOENT && inode.Unlinked)
            error = KeepUnnamed(inode, place.Parent, copied, entry);
        if (error != Errno.None)
            return error;
        // Of all others the shown attributes stay, except those that the kernel asks for again after the change itself.
        if (inode.IsDirectory || inode.Index is not null || !inode.HasOrigin)
            view.Kernel.InvalidateAttributes(inode);
        // The parent's time of change is another, its size may be.
        if (!inode.Unlinked)
            view.Kernel.InvalidateAttributes(place.Parent);
        // The copy of a broken hard link has a number of its own.
        if (!inode.HasOrigin)
            view.Kernel.InvalidateData(place.Parent);
        access.Current.FollowRealFile(inode);
        if (inode.IsDirectory && inode.Index is { } index && !inode.Unlinked)
            return AddToIndex(inode, index);
        return isInIndex ? indexed.LinkUp(inode, place.Parent, place.Name) : Errno.None;
    }

    /// <summary>
    /// After the copy is in place. A directory without an entry in the index does no harm. An entry without a directory would hide the
    /// lower one.
    /// </summary>
    private Errno AddToIndex(Inode directory, IndexEntry entry)
    {
        Errno error;
        if ((error = view.Directories.BorrowUpper(directory, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
            return view.Index!.AddDirectory(entry.Name, view.Layers.Upper!, upper, work);
    }

    /// <summary>
    /// The copy of a file with several names goes into the index. Its names are links to it (ovl_copy_up_one, ovl_link_up).
    /// </summary>
    private Errno PutInIndex(Inode inode, in Copied copied, ref WorkEntry entry)
    {
        Errno error;
        if ((error = view.Index!.WriteAsLower(entry.Directory, entry.Name)) != Errno.None)
            return error;
        // EEXIST: another process has put a file there.
        if ((error = entry.MoveTo(view.Index.Directory.Fd, inode.Index!.Name, RenameFlags.NoReplace)) != Errno.None)
            return error == Errno.EEXIST ? Errno.ESTALE : error;
        inode.Index.Delta = (int)copied.Lower.Nlink - 1;
        Admit(inode, copied);
        return Errno.None;
    }

    /// <summary>Renames the copy into the upper layer and keeps the parent's times (ovl_copy_up_one).</summary>
    /// <returns>ENOENT if the name was removed meanwhile.</returns>
    private Errno PutUnderName(Inode inode, Place place, in Copied copied, ref WorkEntry entry)
    {
        Errno error;
        if ((error = view.Directories.BorrowUpper(place.Parent, out BorrowedFd parent)) != Errno.None)
            return error;
        using (parent)
        using (new NamesChange(place.Parent))
        {
            if (inode.Unlinked)
                return Errno.ENOENT;
            if ((error = view.Impure.Set(place.Parent, parent)) != Errno.None)
                return error;
            if ((error = Sys.FStatx(parent, out Statx before)) != Errno.None)
                return error;
            // EEXIST: another process has put a file there.
            if ((error = MoveUp(inode, parent, place.Name, ref entry)) != Errno.None)
                return error == Errno.EEXIST ? Errno.ESTALE : error;
            // The copy of a broken hard link has a number of its own (ovl_getattr).
            if (!inode.HasOrigin)
                inode.Ino = view.Inos.Map(copied.Stat.Dev, copied.Stat.Ino);
            Admit(inode, copied);
            // A failure changes nothing: the copy is in place.
            _ = Sys.UTimeNsAt(parent, Name.Empty, before.Atime.ToTimeSpec(), before.Mtime.ToTimeSpec());
            return Errno.None;
        }
    }

    private static Errno MoveUp(Inode inode, Fd parent, Name name, ref WorkEntry entry)
    {
        Fd moved = Fd.None;
        Errno error;
        if (inode.IsDirectory && (error = entry.Open(OpenFlags.Path, out moved)) != Errno.None)
            return error;
        using var directory = new ScopedFd(moved);
        // A rename changes its "..".
        using var itself = new OwnerWritable(directory);
        using var target = new OwnerWritable(parent);
        return entry.MoveTo(parent, name, RenameFlags.NoReplace);
    }

    /// <summary>The lower file was unlinked while it was open. Its copy lives without a name until the kernel forgets it.</summary>
    private Errno KeepUnnamed(Inode inode, Inode parent, in Copied copied, in WorkEntry entry)
    {
        Errno error;
        if ((error = entry.Open(OpenFlags.Path, out Fd opened)) != Errno.None)
            return error;
        using (new NamesChange(parent))
        {
            inode.Pinned = new SafeFd(opened);
            Admit(inode, copied);
        }
        return Errno.None;
    }

    /// <summary>
    /// The inode is an upper one from here on. A reader finds the data at every moment: those of a metacopy below, of a whole copy in it.
    /// </summary>
    private void Admit(Inode inode, in Copied copied)
    {
        if (copied.Data is not null)
            inode.Data = copied.Data;
        view.Inodes.SetUpper(inode, copied.Stat.Ino);
        inode.Data = copied.Data;
        // Only `list` reads the sum.
        _ = Interlocked.Increment(ref _copies);
    }
}
