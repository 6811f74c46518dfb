using OverlayFuse.Linux;

namespace MemoryFileSystem;

/// <summary>
/// The names in a directory, in the order of their making. Each has a position that it keeps, so that a reader who goes on from a position
/// sees every name that stays exactly once. The lock is the file system's.
/// </summary>
internal sealed class Names
{
    private static readonly Comparer<Entry> ByPosition = Comparer<Entry>.Create((a, b) => a.Position.CompareTo(b.Position));
    private readonly Dictionary<string, Entry> _byName = new(StringComparer.Ordinal);
    private readonly SortedSet<Entry> _inOrder = new(ByPosition);

    /// <summary>Positions 1 and 2 are those of "." and "..".</summary>
    private ulong _lastPosition = 2;

    internal bool IsEmpty => _byName.Count == 0;

    /// <summary>NativeText loses no byte of a name.</summary>
    internal Node? Find(Name name) => _byName.GetValueOrDefault(name.ToString())?.Node;

    /// <summary>The entries behind a position.</summary>
    internal IEnumerable<Entry> After(ulong position) =>
        _inOrder.GetViewBetween(new Entry(position + 1, [], null!), new Entry(ulong.MaxValue, [], null!));

    /// <summary>Gives a name to an inode. A name that is replaced keeps its position.</summary>
    internal void Set(Name name, Node node)
    {
        ulong position = _byName.TryGetValue(name.ToString(), out Entry? old) ? old.Position : ++_lastPosition;
        if (old is not null)
            _inOrder.Remove(old);
        var entry = new Entry(position, name.Bytes.ToArray(), node);
        _byName[name.ToString()] = entry;
        _inOrder.Add(entry);
    }

    internal void Remove(Name name)
    {
        if (_byName.Remove(name.ToString(), out Entry? entry))
            _inOrder.Remove(entry);
    }

    internal sealed record Entry(ulong Position, byte[] Name, Node Node);
}
