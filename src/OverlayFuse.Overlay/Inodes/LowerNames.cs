using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// Which lower layers of a directory have a name, from one listing of each: so a lookup goes straight to them and a miss asks nobody, however
/// deep the stack is. It holds hashes, not names: a collision costs one look too many, never a wrong answer. Lower layers do not change below
/// a mount; when somebody says that they did, the directory gets new <see cref="LowerParts"/>, without this.
/// </summary>
internal sealed class LowerNames
{
    private const int SlotBits = 16;

    /// <summary>Entries of all tables together: 8 bytes each.</summary>
    public const int MostEntries = 2 << 20;

    private static int s_entries;

    private readonly ulong[] _entries;

    private LowerNames(ulong[] entries) => _entries = entries;

    /// <summary>Makes the table of a directory.</summary>
    /// <param name="entries">One <see cref="EntryOf"/> for each name of each layer, in any order.</param>
    /// <returns>Null if all tables together have no room for it.</returns>
    public static LowerNames? Of(List<ulong> entries)
    {
        if (Interlocked.Add(ref s_entries, entries.Count) > MostEntries)
        {
            // The sum does not matter here.
            _ = Interlocked.Add(ref s_entries, -entries.Count);
            return null;
        }
        ulong[] sorted = [.. entries];
        Array.Sort(sorted);
        return new LowerNames(sorted);
    }

    /// <summary>What the table keeps of a name.</summary>
    /// <param name="name">The name, without NUL.</param>
    /// <param name="index">The layer's place in <see cref="LowerParts.Layers"/>.</param>
    public static ulong EntryOf(ReadOnlySpan<byte> name, int index) => HashOf(name) | (uint)index;

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

    /// <summary>FNV-1a, the low bits left for the slot.</summary>
    private static ulong HashOf(ReadOnlySpan<byte> name)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte letter in name)
            hash = (hash ^ letter) * 0x100000001B3;
        return hash << SlotBits;
    }
}
