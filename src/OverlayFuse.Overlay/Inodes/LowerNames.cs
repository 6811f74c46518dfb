using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// Tells which lower layers of a directory have a name, from one listing of each. So a lookup looks into those layers only, and the lookup
/// of a missing name looks into none, in stacks of any depth. The table holds hashes, not names: a collision costs one look too many, never
/// a wrong answer. Lower layers do not change below a mount. After a refresh or a change of the stack the directory gets new
/// <see cref="LowerParts"/>, without a table.
/// </summary>
internal sealed class LowerNames
{
    private const int SlotBits = 16;

    /// <summary>The most entries of all tables together, at 8 bytes each.</summary>
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

    /// <summary>The table's entry for a name.</summary>
    /// <param name="name">The name, without NUL.</param>
    /// <param name="index">The layer's place in <see cref="LowerParts.Layers"/>.</param>
    public static ulong EntryOf(ReadOnlySpan<byte> name, int index) => HashOf(name) | (uint)index;

    /// <summary>Gives the room of the table back after its last lookup. The sum does not matter here.</summary>
    public void Drop() => _ = Interlocked.Add(ref s_entries, -_entries.Length);

    /// <summary>Finds the first of the directory's layers, from a given one on, that may have a name.</summary>
    /// <returns>Its place in <see cref="LowerParts.Layers"/>, or their count.</returns>
    public int Next(Name name, int from, int count)
    {
        ulong hash = HashOf(name.Bytes);
        int at = Array.BinarySearch(_entries, hash | (uint)from);
        at = at < 0 ? ~at : at;
        return at < _entries.Length && (_entries[at] ^ hash) >> SlotBits == 0 ? (int)(_entries[at] & 0xFFFF) : count;
    }

    /// <summary>The low bits are left free for the slot.</summary>
    private static ulong HashOf(ReadOnlySpan<byte> name) => NameHash.Of(name) << SlotBits;
}
