using OverlayFuse.Linux;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Operations;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// Which lower layers of a directory have a name, from one listing of each: so a lookup goes straight to them and a miss asks nobody, however
/// deep the stack is. It holds hashes, not names: a collision costs one look too many, never a wrong answer. Lower layers do not change below
/// a mount; when somebody says that they did, the directory gets new <see cref="LowerParts"/>, without this.
/// </summary>
internal sealed class LowerNames
{
    private const int BufferSize = 64 << 10;
    private const int SlotBits = 16;

    /// <summary>Entries of all tables together: 8 bytes each.</summary>
    private const int MostEntries = 2 << 20;

    private const uint FS_IOC_GETFLAGS = 0x80086601;
    private const uint FS_CASEFOLD_FL = 0x40000000;

    [ThreadStatic]
    private static byte[]? t_buffer;

    private static int s_entries;

    private readonly ulong[] _entries;

    private LowerNames(ulong[] entries) => _entries = entries;

    /// <summary>Gives its room back: nobody looks names up with it any more.</summary>
    public void Drop() => _ = Interlocked.Add(ref s_entries, -_entries.Length); // the sum does not matter here

    /// <summary>The first of the directory's layers, from one on, that may have something to say of a name.</summary>
    /// <returns>Its place in <see cref="LowerParts.Layers"/>, or their count.</returns>
    public int Next(Name name, int from, int count)
    {
        ulong hash = HashOf(name.Bytes);
        int at = Array.BinarySearch(_entries, hash | (uint)from);
        at = at < 0 ? ~at : at;
        return at < _entries.Length && (_entries[at] ^ hash) >> SlotBits == 0 ? (int)(_entries[at] & 0xFFFF) : count;
    }

    /// <summary>Lists a directory in all its lower layers.</summary>
    /// <returns>Null when a layer cannot be listed, may spell names in several ways, or there is no room.</returns>
    public static LowerNames? Of(OverlayFileSystem fileSystem, Inode directory, LowerParts parts)
    {
        var entries = new List<ulong>();
        for (int index = 0; index < parts.Layers.Length; index++)
        {
            if (!fileSystem.Layers.Lowers[parts.Layers[index]].IsCaseSensitive
                || fileSystem.Directories.BorrowLower(directory, parts, index, out BorrowedFd layer) != Errno.None)
                return null;
            using (layer)
            {
                if (!TryRead(layer, index, entries, out bool holdsAufs))
                    return null;
                directory.Directory!.LearnAufsWhiteouts(parts, index + 1, holdsAufs);
            }
        }
        if (Interlocked.Add(ref s_entries, entries.Count) > MostEntries)
        {
            _ = Interlocked.Add(ref s_entries, -entries.Count); // likewise
            return null;
        }
        ulong[] sorted = [.. entries];
        Array.Sort(sorted);
        return new LowerNames(sorted);
    }

    private static bool TryRead(Fd layer, int index, List<ulong> entries, out bool holdsAufs)
    {
        holdsAufs = false;
        if (Sys.OpenUnnoticedAt(layer, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened) != Errno.None)
            return false;
        using var listed = new ScopedFd(opened);
        if (FoldsCase(listed))
            return false;
        byte[] buffer = t_buffer ??= new byte[BufferSize];
        int length;
        do
        {
            if (Sys.GetDents(listed, buffer, out length) != Errno.None)
                return false;
            var records = new DirectoryRecords(buffer.AsSpan(0, length));
            while (records.MoveNext() && entries.Count < MostEntries)
            {
                bool isMark = AufsWhiteout.IsMark(records.Name);
                holdsAufs |= isMark;
                entries.Add(HashOf(isMark ? AufsWhiteout.HiddenName(records.Name) : records.Name.Bytes) | (uint)index);
            }
        }
        while (length > 0);
        return entries.Count < MostEntries;
    }

    private static bool FoldsCase(Fd directory)
    {
        Span<byte> flags = stackalloc byte[8];
        return Sys.IoCtl(directory, FS_IOC_GETFLAGS, flags) == Errno.None && (BitConverter.ToUInt32(flags) & FS_CASEFOLD_FL) != 0;
    }

    /// <summary>FNV-1a, the low bits left for the slot.</summary>
    private static ulong HashOf(ReadOnlySpan<byte> name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte letter in name)
            hash = (hash ^ letter) * 0x100000001B3;
        return hash << SlotBits;
    }
}
