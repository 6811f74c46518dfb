using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Links;

/// <summary>The removal of entries whose files are gone, at the start of a mount (ovl_indexdir_cleanup).</summary>
internal sealed partial class LinkIndex
{
    private static Name NewWhiteout => new("#whiteout\0"u8);

    /// <summary>
    /// Removes entries whose names are all gone, in the upper and in the merged view. It also removes temporary entries: the kernel
    /// prepares its entries in the index, this program in work.
    /// </summary>
    private void RemoveOrphans(LayerStack layers)
    {
        byte[] buffer = new byte[32 << 10];
        while (Sys.GetDents(Fd, buffer, out int length) == Errno.None && length > 0)
        {
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext())
            {
                if (records.Name.StartsWith("#"u8))
                    // An entry that stays costs only its room.
                    _ = TreeRemover.Remove(Fd, records.Name);
                else
                    RemoveOrphan(layers, records.Name);
            }
        }
    }

    /// <exception cref="IOException">The name is not that of an entry (ovl_verify_index, EINVAL).</exception>
    private void RemoveOrphan(LayerStack layers, Name entry)
    {
        byte[] origin = ToOrigin(layers, entry);
        // A whiteout stays: it says that handles of the removed file are stale.
        if (Sys.StatxAt(Fd, entry, out Statx stat) != Errno.None || stat.IsWhiteout)
            return;
        if (stat.IsDirectory && !IsComplete)
            return;
        bool isOrphan = false;
        uint originLinks = 0;
        bool isStale = stat.IsDirectory ? IsStale(layers, entry, origin, out isOrphan) : Origin.IsGone(layers, origin, out originLinks);
        isOrphan |= stat is { IsDirectory: false, Nlink: 1 } && IsUnlinked(entry, originLinks);
        if (isOrphan && !isStale && IsComplete)
            CoverOrphan(entry);
        else if (isOrphan || isStale)
            // The next mount looks at an entry that stays.
            _ = TreeRemover.Remove(Fd, entry);
    }

    /// <summary>
    /// Tells if a file of which only the entry is left has no name in the lower layers either. The kernel counts the entry itself among
    /// the names of a file with one lower link (ovl_get_nlink). A copy that was never linked ("L") is found by its lower name.
    /// </summary>
    private bool IsUnlinked(Name entry, uint originLinks)
    {
        int counted = IsComplete && originLinks == 1 ? 1 : 0;
        return ReadDelta(entry, 1, lowerLinks: (uint)(1 + counted), out int delta) == Errno.None && delta < counted;
    }

    /// <summary>Tells if the entry of a directory does not fit the upper directory any more.</summary>
    /// <param name="layers">The layers.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="origin">The handle that its name stands for.</param>
    /// <param name="isOrphan">The upper directory was removed.</param>
    private bool IsStale(LayerStack layers, Name entry, ReadOnlySpan<byte> origin, out bool isOrphan)
    {
        isOrphan = false;
        Span<byte> value = stackalloc byte[Origin.MaxSize];
        Errno error;
        if ((error = Sys.GetXattrAt(Fd, entry, _xattrs.Upper, value, out int length)) != Errno.None)
            return error == Errno.ENODATA;
        error = Origin.OpenUpper(layers.Upper!, value[..length], out Fd opened);
        isOrphan = error == Errno.ESTALE;
        if (error != Errno.None)
            return false;
        using var upper = new ScopedFd(opened);
        error = Sys.GetXattrAt(upper, Name.Empty, _xattrs.Origin, value, out length);
        return error == Errno.ENODATA || (error == Errno.None && !value[..length].SequenceEqual(origin));
    }

    private static byte[] ToOrigin(LayerStack layers, Name entry)
    {
        Span<char> digits = stackalloc char[entry.Length];
        byte[] origin = new byte[entry.Length / 2];
        _ = System.Text.Encoding.ASCII.GetChars(entry.Bytes, digits);
        bool isHex = entry.Length % 2 == 0 && Convert.FromHexString(digits, origin, out _, out _) == System.Buffers.OperationStatus.Done;
        return isHex && Origin.IsHandle(origin) ? origin : throw new IOException(
            $"workdir={layers.Work!.Path}: its index holds '{new string(digits)}', which is no entry of an index (EINVAL); "
            + "remove it, or leave out index=on");
    }

    /// <summary>
    /// Puts a whiteout in place of an entry in one step, so that the entry is never missing. Work is not ready yet at this time.
    /// </summary>
    private void CoverOrphan(Name entry)
    {
        if (Sys.MkNodAt(Fd, NewWhiteout, (uint)FileType.CharacterDevice, 0) == Errno.None)
            // If it fails, the next mount does it.
            _ = Sys.RenameAt(Fd, NewWhiteout, Fd, entry, RenameFlags.Exchange);
        // The next mount removes an entry that stays.
        _ = TreeRemover.Remove(Fd, NewWhiteout);
    }
}
