using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Bounds how many descriptors are open for files that nobody told us to be open (<see cref="IoMode.Stateless"/>): an LRU by the clock
/// algorithm. Its lock is a leaf, never held over a system call. Where close(2) may wait for a server, a thread closes (<see cref="FileClosers"/>).
/// </summary>
/// <param name="closers">Where the files are closed.</param>
/// <param name="capacity">How many it keeps.</param>
internal sealed class FileCache(FileClosers closers, int capacity)
{
    private readonly Lock _lock = new();
    private readonly Entry[] _ring = new Entry[capacity];
    private int _hand;

    /// <summary>How many it has given up that are not closed yet.</summary>
    public int Waiting => closers.Waiting;

    /// <summary>Takes over the descriptor of a file that nobody has open.</summary>
    public SafeFd Own(Fd fd) => closers.Own(fd);

    /// <summary>Notes such a descriptor; closes the one that was used least lately, unless somebody has its file open after all.</summary>
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

    /// <summary>At the end of the mount: waits for what is being closed. A file system that hangs is not waited for.</summary>
    public void AwaitClosed() => closers.Await();

    private readonly record struct Entry(OpenFile Owner, SafeFd Fd);
}
