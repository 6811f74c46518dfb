using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Listing;

/// <summary>
/// Reads a directory through its layers, topmost first (fs/overlayfs/readdir.c). Whiteouts and the names below them are left out. Each
/// name is shown as its topmost layer has it, with the same number in d_ino as in st_ino.
/// </summary>
/// <param name="view">The merged view.</param>
/// <param name="directory">The directory.</param>
internal readonly ref partial struct MergedDirectory(MergedView view, Inode directory)
{
    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>Reads all names, and orders them by their cookies.</summary>
    public Errno Read(out DirectoryListing listing)
    {
        Errno error = Read(stopAtFirst: false, out listing);
        listing.Arrange();
        return error;
    }

    /// <summary>Tells if the directory shows no name.</summary>
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
                if ((error = ReadLayer(borrowed, parts, slot, listing)) != Errno.None)
                    return error;
                if (slot == 0 && view.Impure.Is(directory, borrowed) && (error = ShowOrigins(borrowed, listing)) != Errno.None)
                    return error;
            }
            if (stopAtFirst && listing.Count > 0)
                break;
        }
        return Errno.None;
    }

    private Errno ReadLayer(Fd layer, LowerParts parts, int slot, DirectoryListing listing)
    {
        Errno error;
        bool findable = parts.Layers.Length > (directory.HasUpper ? 0 : 1);
        if ((error = Sys.OpenUnnoticedAt(layer, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened)) != Errno.None)
            return error;
        using var listed = new ScopedFd(opened);
        if ((error = Sys.FStatx(listed, out Statx stat, StatxMask.Ino)) != Errno.None)
            return error;
        var reading = new LayerReading(layer, stat.Dev, parts, slot, findable);
        List<byte[]>? hidden = null;
        byte[] buffer = t_buffer ??= new byte[Limits.ListingBuffer];
        while (true)
        {
            if ((error = Sys.GetDents(listed, buffer, out int length)) != Errno.None)
                return error;
            if (length == 0)
                break;
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext())
            {
                if (view.Reader.IsMark(reading.Number, records.Name))
                    (hidden ??= []).Add([.. AufsWhiteout.HiddenName(records.Name), 0]);
                else if ((error = Take(reading, records, listing)) != Errno.None)
                    return error;
            }
        }
        directory.Directory!.LearnAufsWhiteouts(parts, slot, hidden is not null);
        HideBelow(hidden, slot, listing);
        return Errno.None;
    }

    private Errno Take(in LayerReading reading, in DirectoryRecords record, DirectoryListing listing)
    {
        // Some file systems have longer names, which FUSE cannot show.
        if (record.Name.Length > Limits.NameMax)
            return Errno.None;
        int known = reading.Findable ? listing.Find(record.Name) : -1;
        if (known >= 0 && !(listing.Read(known).Slot == 0 && listing.Settle(known)))
            return Errno.None;
        FileType type = record.Type;
        if (MustLook(reading, type))
        {
            Errno error = TypeOf(reading, record.Name, out type);
            // ENOENT: the file was removed since it was listed.
            if (error != Errno.None)
                return error == Errno.ENOENT ? Errno.None : error;
        }
        bool isKnown = view.Inodes.TryGetInoOfUpper(reading.Slot == 0 ? record.Ino : 0, out ulong ino, out bool wasRead);
        if (!isKnown)
            ino = view.Inos.Map(reading.Dev, record.Ino);
        // No layer follows the lowest one, so nothing looks for its names.
        bool findable = reading.Findable && reading.Slot < reading.Parts.Layers.Length;
        if (known < 0)
        {
            bool isGood = isKnown && !wasRead;
            var entry = new DirectoryEntry { Ino = ino, Type = type, Slot = reading.Slot, IsKnownUpper = isGood, Name = record.Name };
            listing.Add(entry, findable);
        }
        else if (type == FileType.Directory && listing.Read(known).Type == FileType.Directory)
            return ShowLowerIno(known, ino, listing);
        return Errno.None;
    }

    /// <summary>
    /// True if d_type does not tell what the layer shows: the file may be a whiteout, or stand for a file of another type.
    /// </summary>
    private bool MustLook(in LayerReading reading, FileType type)
    {
        if (type is FileType.Unknown or FileType.CharacterDevice)
            return true;
        if (type != FileType.Regular)
            return false;
        bool mayBeWhiteout = reading.Slot > 0 && reading.Parts.HasXattrWhiteouts && view.Layers.Lowers[reading.Number].HasXattrWhiteouts;
        return mayBeWhiteout || view.Owners.MayStandForOthers(reading.Number);
    }

    /// <summary>The type that the layer shows; <see cref="FileType.Unknown"/> for a whiteout.</summary>
    private Errno TypeOf(in LayerReading reading, Name name, out FileType type)
    {
        type = FileType.Unknown;
        Errno error = Sys.StatxAt(reading.Layer, name, out Statx stat);
        if (error != Errno.None)
            return error;
        error = view.Reader.LookAt(new LayerEntry(reading.Layer, name, reading.Number), ref stat, out LayerSight sight);
        if (sight != LayerSight.Whiteout)
            type = stat.Type;
        return error;
    }

    private static void HideBelow(List<byte[]>? hidden, int slot, DirectoryListing listing)
    {
        foreach (byte[] name in hidden ?? [])
        {
            if (name.Length == 1)
                continue;
            int known = listing.Find(new Name(name));
            // The layers below have no part in the name.
            if (known >= 0)
                _ = listing.Settle(known);
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
/// <param name="Findable">Other layers come before or after it: names must be found again.</param>
internal readonly record struct LayerReading(Fd Layer, ulong Dev, LowerParts Parts, int Slot, bool Findable)
{
    /// <summary>A lower layer's number; <see cref="Limits.NoLayer"/> for the upper.</summary>
    public ushort Number => Slot == 0 ? Limits.NoLayer : Parts.Layers[Slot - 1];
}
