using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Bounds the number of descriptors of idle files, which no client is known to have open (<see cref="IoMode.Stateless"/>). It is an LRU by
/// the clock algorithm. Its lock is a leaf, never held over a system call. If close(2) may wait for a server, a thread closes
/// (<see cref="FileClosers"/>).
/// </summary>
/// <param name="closers">They close the files.</param>
/// <param name="capacity">The number of descriptors that it keeps.</param>
internal sealed class FileCache(FileClosers closers, int capacity)
{
    private readonly Lock _lock = new();
    private readonly Entry[] _ring = new Entry[capacity];
    private int _hand;

    /// <summary>The number of descriptors that it has given up and that are not closed yet.</summary>
    public int Waiting => closers.Waiting;

    /// <summary>Takes over the descriptor of an idle file.</summary>
    public SafeFd Own(Fd fd) => closers.Own(fd);

    /// <summary>Adds such a descriptor. Closes the one that was used least lately, unless a client has opened its file meanwhile.</summary>
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

    /// <summary>Closes all idle files, because requests need the descriptors.</summary>
    /// <returns>True if there were any.</returns>
    public bool TryCloseAll()
    {
        bool any = false;
        foreach (ref Entry entry in _ring.AsSpan())
        {
            Entry evicted;
            lock (_lock)
            {
                if (entry.Owner is not { Count: 0 })
                    continue;
                evicted = entry;
                entry = default;
            }
            evicted.Owner.CloseIf(evicted.Fd);
            any = true;
        }
        return any;
    }

    /// <summary>Waits at the end of the mount until the files are closed, but not for a file system that hangs.</summary>
    public void AwaitClosed() => closers.Await();

    private readonly record struct Entry(OpenFile Owner, SafeFd Fd);
}
