using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Listing;

/// <summary>The numbers in d_ino of copies and of merged directories: those of their lower files (ovl_cache_update_ino).</summary>
internal readonly ref partial struct MergedDirectory
{
    /// <summary>
    /// A merged directory shows the number of its topmost lower part, unless the upper is opaque. A directory whose marks are refused
    /// keeps its own number: it is listed, and a lookup of it returns the error.
    /// </summary>
    private Errno ShowLowerIno(int record, ulong ino, DirectoryListing listing)
    {
        Name name = listing.Read(record).Name;
        if (view.Inodes.OfName(directory, name) is { } inode)
        {
            listing.SetIno(record, inode.Ino);
            return Errno.None;
        }
        Errno error;
        if ((error = view.Directories.BorrowUpper(directory, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
        {
            if (MergesUnderItsName(upper, name))
                listing.SetIno(record, ino);
            return Errno.None;
        }
    }

    private bool MergesUnderItsName(Fd upper, Name name)
    {
        var entry = new LayerEntry(upper, name, Limits.NoLayer);
        Errno error = view.Reader.ReadOpaque(entry, ref directory.Directory!.UpperMarks, isBottom: false, out OpaqueMark mark);
        return error == Errno.None && mark != OpaqueMark.Opaque
            && view.Reader.ReadRedirect(entry, out byte[]? redirect) == Errno.None && redirect is null;
    }

    /// <summary>Upper entries that are copies show their origin's number. Only impure directories have such entries.</summary>
    private Errno ShowOrigins(Fd upper, DirectoryListing listing)
    {
        var moved = new Resolved(stackalloc ushort[OverlayOptions.MostLowers]);
        for (int index = 0; index < listing.Count; index++)
        {
            DirectoryEntry entry = listing[index];
            if (entry.Slot != 0)
                continue;
            if (entry.Type == FileType.Directory)
            {
                ShowMoved(upper, listing, index, ref moved);
                continue;
            }
            ulong ino = 0;
            Errno error = view.Origin.Read(upper, entry.Name, entry.Type, ref ino, out bool hasOrigin);
            // ENOENT: the file was removed since it was listed.
            if (error is not (Errno.None or Errno.ENOENT))
                return error;
            if (error == Errno.None && hasOrigin)
                listing.SetIno(listing.RecordOf(index), ino);
        }
        return Errno.None;
    }

    /// <summary>
    /// A directory that was renamed shows the number of its lower part. If a lookup of it fails, it keeps its own number.
    /// </summary>
    private void ShowMoved(Fd upper, DirectoryListing listing, int index, ref Resolved moved)
    {
        Name name = listing[index].Name;
        var entry = new LayerEntry(upper, name, Limits.NoLayer);
        if (view.Reader.ReadRedirect(entry, out byte[]? redirect) == Errno.None && redirect is not null
            && LayerLookup.Resolve(view, directory, name, ref moved) == Errno.None && moved.Exists)
            listing.SetIno(listing.RecordOf(index), moved.Ino);
    }
}
