using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// Reads a directory through its layers, topmost first (fs/overlayfs/readdir.c): whiteouts and what lies below them left out, of each
/// name the topmost, and every d_ino the same as st_ino.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="directory">The directory.</param>
internal readonly ref struct MergedDirectory(MergedView view, Inode directory)
{
    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Reads all of it.</summary>
    /// <param name="listing">The names.</param>
    public Errno Read(out DirectoryListing listing) => Read(stopAtFirst: false, out listing);

    /// <summary>Whether nothing is seen in it.</summary>
    public Errno IsEmpty(out bool empty)
    {
        Errno error = Read(stopAtFirst: true, out DirectoryListing listing);
        using (listing)
            empty = listing.Count == 0;
        return error;
    }

    private Errno Read(bool stopAtFirst, out DirectoryListing listing)
    {
        listing = new DirectoryListing { Version = directory.Directory!.Version };
        int first = directory.HasUpper ? 0 : 1;
        LowerParts parts = directory.Directory.Parts;
        int slots = parts.Descriptors.Length;
        for (int slot = first; slot < slots; slot++)
        {
            Errno error = slot == 0
                ? view.Directories.BorrowUpper(directory, out BorrowedFd borrowed)
                : view.Directories.BorrowLower(directory, parts, slot - 1, out borrowed);
            if (error != Errno.None)
                return error;
            using (borrowed)
            {
                if (ReadLayer(borrowed, parts, slot, listing) is not Errno.None and var failed)
                    return failed;
                if (slot == 0 && view.Impure.Is(directory, borrowed) && ShowOrigins(borrowed, listing) is not Errno.None and var unread)
                    return unread;
            }
            if (stopAtFirst && listing.Count > 0)
                break;
        }
        return Errno.None;
    }

    private Errno ReadLayer(Fd layer, LowerParts parts, int slot, DirectoryListing listing)
    {
        bool findable = parts.Layers.Length > (directory.HasUpper ? 0 : 1);
        if (Sys.OpenUnnoticedAt(layer, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened) is not Errno.None and var error)
            return error;
        using var reading = new ScopedFd(opened);
        if (Sys.FStatx(reading, out Statx stat, StatxMask.Ino) is not Errno.None and var unseen)
            return unseen;
        List<byte[]>? hidden = null;
        byte[] buffer = t_buffer ??= new byte[Limits.ListingBuffer];
        while (true)
        {
            if (Sys.GetDents(reading, buffer, out int length) is not Errno.None and var failed)
                return failed;
            if (length == 0)
                break;
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext())
            {
                if (view.Reader.IsMark(LayerOf(parts, slot), records.Name))
                    (hidden ??= []).Add([.. AufsWhiteout.HiddenName(records.Name), 0]);
                else if (Take(new LayerReading(layer, stat.Dev, parts, slot, findable), records, listing) is not Errno.None and var broken)
                    return broken;
            }
        }
        directory.Directory!.LearnAufsWhiteouts(parts, slot, hidden is not null);
        HideBelow(hidden, slot, listing);
        return Errno.None;
    }

    private Errno Take(in LayerReading reading, in DirectoryRecords record, DirectoryListing listing)
    {
        (Fd layer, int slot, bool findable) = (reading.Layer, reading.Slot, reading.Findable);
        if (record.Name.Length > Limits.NameMax)
            return Errno.None; // some file systems have longer ones; FUSE cannot show them
        int known = findable ? listing.Find(record.Name) : -1;
        if (known >= 0 && !(listing.Read(known).Slot == 0 && listing.Settle(known)))
            return Errno.None;
        FileType type = record.Type;
        ushort number = LayerOf(reading.Parts, slot);
        bool mayStandForOthers = type == FileType.Regular && view.Owners.MayStandForOthers(number);
        bool mayBeMark = type == FileType.Regular && slot > 0 && reading.Parts.HasXattrWhiteouts && view.Layers.Lowers[number].HasXattrWhiteouts;
        if (type is FileType.Unknown or FileType.CharacterDevice || mayBeMark || mayStandForOthers)
        {
            var file = new LayerEntry(layer, record.Name, number);
            LayerSight sight = LayerSight.Nothing;
            Errno error = Sys.StatxAt(layer, record.Name, out Statx stat);
            // The file was removed since it was listed.
            if (error == Errno.ENOENT)
                return Errno.None;
            if (error != Errno.None || (error = view.Reader.LookAt(file, ref stat, out sight)) != Errno.None)
                return error;
            type = sight == LayerSight.Whiteout ? FileType.Unknown : stat.Type;
        }
        bool copied = view.Inodes.TryGetInoOfUpper(slot == 0 ? record.Ino : 0, out ulong ino);
        if (!copied)
            ino = view.Inos.Map(reading.Dev, record.Ino);
        if (known < 0)
            listing.Add(new DirectoryEntry { Ino = ino, Type = type, Slot = slot, Name = record.Name }, findable && slot < reading.Parts.Layers.Length); // nobody looks for the lowest layer's
        else if (type == FileType.Directory && listing.Read(known).Type == FileType.Directory)
            return ShowLowerIno(known, ino, listing);
        return Errno.None;
    }

    private static ushort LayerOf(LowerParts parts, int slot) => slot == 0 ? Limits.NoLayer : parts.Layers[slot - 1];

    /// <summary>
    /// A merged directory shows the number of its topmost lower one, unless the upper is opaque. One whose marks are refused keeps its own:
    /// it is listed, and a lookup of it says why it cannot be had.
    /// </summary>
    private Errno ShowLowerIno(int record, ulong ino, DirectoryListing listing)
    {
        Name name = listing.Read(record).Name;
        if (view.Inodes.OfName(directory, name) is { } inode)
        {
            listing.SetIno(record, inode.Ino);
            return Errno.None;
        }
        if (view.Directories.BorrowUpper(directory, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
        {
            var file = new LayerEntry(upper, name, Limits.NoLayer);
            bool isMerged = view.Reader.ReadOpaque(file, ref directory.Directory!.UpperMarks, isBottom: false, out OpaqueMark mark) == Errno.None
                && mark != OpaqueMark.Opaque && view.Reader.ReadRedirect(file, out byte[]? redirect) == Errno.None && redirect is null;
            if (isMerged)
                listing.SetIno(record, ino);
            return Errno.None;
        }
    }

    /// <summary>Upper entries that are copies show their origin's number; only impure directories have any (ovl_cache_update_ino).</summary>
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
            if (error is not (Errno.None or Errno.ENOENT)) // removed since it was listed
                return error;
            if (error == Errno.None && hasOrigin)
                listing.SetIno(listing.RecordOf(index), ino);
        }
        return Errno.None;
    }

    /// <summary>A directory that was renamed shows the number of its lower part, wherever that is. One that cannot be looked up keeps its own.</summary>
    private void ShowMoved(Fd upper, DirectoryListing listing, int index, ref Resolved moved)
    {
        Name name = listing[index].Name;
        if (view.Redirect.Read(upper, name, out byte[]? redirect) == Errno.None && redirect is not null
            && LayerLookup.Resolve(view, directory, name, ref moved) == Errno.None && moved.Exists)
            listing.SetIno(listing.RecordOf(index), moved.Ino);
    }

    private static void HideBelow(List<byte[]>? hidden, int slot, DirectoryListing listing)
    {
        foreach (byte[] name in hidden ?? [])
        {
            if (name.Length == 1)
                continue;
            int known = listing.Find(new Name(name));
            if (known >= 0)
                _ = listing.Settle(known); // what lies below has no part in it
            else
                listing.Add(new DirectoryEntry { Ino = 0, Type = FileType.Unknown, Slot = slot, Name = new Name(name) }, findable: true);
        }
    }
}

/// <summary>The layer that is being read.</summary>
/// <param name="Layer">The directory in it.</param>
/// <param name="Dev">Its file system.</param>
/// <param name="Parts">The lower parts of the merged directory.</param>
/// <param name="Slot">Its slot in the merged directory.</param>
/// <param name="Findable">Other layers follow or came before: names must be found again.</param>
internal readonly record struct LayerReading(Fd Layer, ulong Dev, LowerParts Parts, int Slot, bool Findable);
