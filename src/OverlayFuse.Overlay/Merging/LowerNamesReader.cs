using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Merging;

/// <summary>Lists the lower layers of a directory once, so that later lookups go straight to the layers that have a name.</summary>
/// <param name="layers">The layers.</param>
/// <param name="directories">The real directories.</param>
/// <param name="areOurs">False if the layers may change without the mount, so that nothing can be remembered.</param>
internal sealed class LowerNamesReader(LayerStack layers, DirectoryCache directories, bool areOurs)
{
    private const uint FS_CASEFOLD_FL = 0x40000000;

    [ThreadStatic]
    private static byte[]? t_buffer;

    /// <summary>The names of a directory, listed when a name was missed in its topmost lower layer for the first time.</summary>
    /// <returns>Null if they cannot be had, or another thread is listing them now.</returns>
    public LowerNames? Of(Inode directory, LowerParts parts)
    {
        if (parts.HasAskedNames || !areOurs)
            return parts.Names;
        parts.HasAskedNames = true;
        return parts.Names = Read(directory, parts);
    }

    /// <summary>Lists a directory in all its lower layers.</summary>
    /// <returns>Null if a layer cannot be listed or may spell names in several ways, or if there is no room.</returns>
    private LowerNames? Read(Inode directory, LowerParts parts)
    {
        var entries = new List<ulong>();
        for (int index = 0; index < parts.Layers.Length; index++)
        {
            if (!layers.Lowers[parts.Layers[index]].IsCaseSensitive
                || directories.BorrowLower(directory, parts, index, out BorrowedFd layer) != Errno.None)
                return null;
            using (layer)
            {
                if (!TryRead(layer, index, entries, out bool holdsAufs))
                    return null;
                directory.Directory!.LearnAufsWhiteouts(parts, index + 1, holdsAufs);
            }
        }
        return LowerNames.Of(entries);
    }

    private static bool TryRead(Fd layer, int index, List<ulong> entries, out bool holdsAufs)
    {
        holdsAufs = false;
        if (Sys.OpenUnnoticedAt(layer, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened) != Errno.None)
            return false;
        using var listed = new ScopedFd(opened);
        if (FoldsCase(listed))
            return false;
        byte[] buffer = t_buffer ??= new byte[Limits.ListingBuffer];
        int length;
        do
        {
            if (Sys.GetDents(listed, buffer, out length) != Errno.None)
                return false;
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext() && entries.Count < LowerNames.MostEntries)
            {
                bool isMark = AufsWhiteout.IsMark(records.Name);
                holdsAufs |= isMark;
                entries.Add(LowerNames.EntryOf(isMark ? AufsWhiteout.HiddenName(records.Name) : records.Name.Bytes, index));
            }
        }
        while (length > 0);
        return entries.Count < LowerNames.MostEntries;
    }

    private static bool FoldsCase(Fd directory)
    {
        Span<byte> flags = stackalloc byte[8];
        return Sys.IoCtl(directory, IoControls.GetFlags, flags) == Errno.None && (BitConverter.ToUInt32(flags) & FS_CASEFOLD_FL) != 0;
    }
}
