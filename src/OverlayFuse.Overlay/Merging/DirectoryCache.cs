using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// Descriptors (O_PATH) of real directories in use, under a bound: an LRU by the clock algorithm. A directory is opened in its
/// parent's descriptor by its name (<see cref="DirectoryWalk"/>); nothing is ever resolved from the root, no symbolic link is followed.
/// </summary>
/// <param name="layers">Where paths from the root of a layer start.</param>
/// <param name="capacity">How many descriptors it may keep.</param>
internal sealed class DirectoryCache(LayerStack layers, int capacity)
{
    private readonly Lock _lock = new();
    private readonly CachedDescriptor[] _ring = new CachedDescriptor[capacity];
    private readonly Milestones _milestones = new(Math.Clamp(capacity / 32, 1, 8), Math.Min(capacity / 2, 24));
    private int _hand;

    /// <summary>The upper directory.</summary>
    public Errno BorrowUpper(Inode directory, out BorrowedFd fd) => Borrow(directory, directory.Directory!.Parts, 0, out fd);

    /// <summary>The directory in its topmost lower layer.</summary>
    public Errno BorrowLower(Inode directory, out BorrowedFd fd) => Borrow(directory, directory.Directory!.Parts, 1, out fd);

    /// <summary>The directory in the lower layer at this place in its parts.</summary>
    public Errno BorrowLower(Inode directory, LowerParts parts, int index, out BorrowedFd fd) => Borrow(directory, parts, index + 1, out fd);

    /// <summary>The directory in the lower layer of this number.</summary>
    public Errno BorrowLayer(Inode directory, ushort layer, out BorrowedFd fd)
    {
        LowerParts parts = directory.Directory!.Parts;
        int index = Array.IndexOf(parts.Layers, layer);
        if (index >= 0)
            return BorrowLower(directory, parts, index, out fd);
        fd = default;
        return Errno.ESTALE;
    }

    /// <summary>Gives up half of what is kept: others need the descriptors.</summary>
    /// <returns>Whether there was any.</returns>
    public bool TryShrink()
    {
        bool any = _milestones.TryClear();
        for (int count = (_ring.Length + 1) / 2; count > 0; count--)
        {
            CachedDescriptor evicted;
            lock (_lock)
            {
                int left = _ring.Length;
                while (_ring[_hand].Fd is null && --left > 0)
                    _hand = (_hand + 1) % _ring.Length;
                evicted = _ring[_hand];
                _ring[_hand] = default;
            }
            if (evicted.Fd is null)
                break;
            evicted.Evict();
            any = true;
        }
        return any;
    }

    /// <summary>Takes a reference to a descriptor, if there is one.</summary>
    /// <param name="field">In <see cref="LowerParts.Descriptors"/>.</param>
    /// <param name="shared">The descriptor.</param>
    internal static bool TryAcquire(ref SafeFd? field, out SafeFd? shared)
    {
        while ((shared = Volatile.Read(ref field)) is not null)
        {
            if (!shared.TryAcquire())
                continue; // evicted between the two lines
            shared.RecentlyUsed = true;
            return true;
        }
        return false;
    }

    private Errno Borrow(Inode directory, LowerParts parts, int slot, out BorrowedFd fd)
    {
        ref SafeFd? field = ref parts.Descriptors[slot];
        fd = default;
        if (!TryAcquire(ref field, out SafeFd? shared))
        {
            Errno error;
            if ((error = Open(directory, parts, slot, out Fd opened)) != Errno.None)
                return error;
            shared = new SafeFd(opened);
            if (shared.TryAcquire() && Interlocked.CompareExchange(ref field, shared, null) is null)
                Add(new CachedDescriptor(parts.Descriptors, slot, shared));
            else
                shared.Release(); // another thread was first: this one lives as long as it is borrowed
        }
        fd = new BorrowedFd(shared!);
        return Errno.None;
    }

    private Errno Open(Inode directory, LowerParts parts, int slot, out Fd fd)
    {
        using var walk = new DirectoryWalk(layers, _milestones, directory, parts, slot);
        return walk.Run(out fd);
    }

    private void Add(CachedDescriptor entry)
    {
        CachedDescriptor evicted;
        lock (_lock)
        {
            while (_ring[_hand].Fd is { RecentlyUsed: true } used)
            {
                used.RecentlyUsed = false;
                _hand = (_hand + 1) % _ring.Length;
            }
            evicted = _ring[_hand];
            _ring[_hand] = entry;
            _hand = (_hand + 1) % _ring.Length;
        }
        evicted.Evict();
    }
}
