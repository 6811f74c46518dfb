using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Bounds how many descriptors are open for files that nobody told us to be open (<see cref="IoMode.Stateless"/>): an LRU by the clock
/// algorithm. Its lock is a leaf, held over close(2) at most.
/// </summary>
/// <param name="capacity">How many it keeps.</param>
internal sealed class FileCache(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Entry[] _ring = new Entry[capacity];
    private int _hand;

    /// <summary>Notes a descriptor; closes the one that was used least lately, unless somebody has its file open after all.</summary>
    public void Add(OpenFile owner, SafeFd fd)
    {
        Entry evicted;
        lock (_lock)
        {
            while (_ring[_hand] is { Fd.RecentlyUsed: true, Owner.Count: 0 } used)
            {
                used.Fd.RecentlyUsed = false;
                _hand = (_hand + 1) % _ring.Length;
            }
            evicted = _ring[_hand];
            _ring[_hand] = new Entry(owner, fd);
            _hand = (_hand + 1) % _ring.Length;
        }
        if (evicted.Owner is { Count: 0 })
            evicted.Owner.CloseIf(evicted.Fd);
    }

    /// <summary>Closes all that nobody has open: others need the descriptors.</summary>
    /// <returns>Whether there were any.</returns>
    public bool TryCloseAll()
    {
        bool any = false;
        lock (_lock)
        {
            foreach (ref Entry entry in _ring.AsSpan())
            {
                if (entry.Owner is not { Count: 0 } idle)
                    continue;
                idle.CloseIf(entry.Fd);
                entry = default;
                any = true;
            }
        }
        return any;
    }

    private readonly record struct Entry(OpenFile Owner, SafeFd Fd);
}
