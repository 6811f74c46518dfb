using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// Descriptors (O_PATH) of real directories in use, up to a fixed number: an LRU by the clock algorithm. <see cref="DirectoryOpener"/>
/// opens a directory by its name in its parent's descriptor. It resolves no path from the root and follows no symbolic link. The lock
/// is a leaf.
/// </summary>
/// <param name="layers">Their roots are the start of paths.</param>
/// <param name="capacity">The most descriptors that it keeps.</param>
internal sealed class DirectoryCache(LayerStack layers, int capacity)
{
    private readonly Lock _lock = new();
    private readonly CachedDescriptor[] _ring = new CachedDescriptor[capacity];
    private readonly Milestones _milestones = new(Math.Clamp(capacity / 32, 1, 8), Math.Min(capacity / 2, 24));
    private int _hand;

    /// <summary>Borrows the upper directory.</summary>
    public Errno BorrowUpper(Inode directory, out BorrowedFd fd) => Borrow(directory, directory.Directory!.Parts, 0, out fd);

    /// <summary>Borrows the directory in its topmost lower layer.</summary>
    public Errno BorrowLower(Inode directory, out BorrowedFd fd) => Borrow(directory, directory.Directory!.Parts, 1, out fd);

    /// <summary>Borrows the directory in the lower layer at a place in its parts.</summary>
    public Errno BorrowLower(Inode directory, LowerParts parts, int index, out BorrowedFd fd) =>
        Borrow(directory, parts, index + 1, out fd);

    /// <summary>Borrows the directory in the lower layer with a number.</summary>
    public Errno BorrowLayer(Inode directory, ushort layer, out BorrowedFd fd)
    {
        LowerParts parts = directory.Directory!.Parts;
        int index = Array.IndexOf(parts.Layers, layer);
        if (index >= 0)
            return BorrowLower(directory, parts, index, out fd);
        fd = default;
        return Errno.ESTALE;
    }

    /// <summary>Gives up half of the descriptors, because other parts of the daemon need them.</summary>
    /// <returns>True if there were any.</returns>
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

    private Errno Borrow(Inode directory, LowerParts parts, int slot, out BorrowedFd fd)
    {
        ref SafeFd? field = ref parts.Descriptors[slot];
        fd = default;
        if (!CachedDescriptor.TryAcquire(ref field, out SafeFd? shared))
        {
            Errno error;
            if ((error = Open(directory, parts, slot, out Fd opened)) != Errno.None)
                return error;
            shared = new SafeFd(opened);
            if (shared.TryAcquire() && Interlocked.CompareExchange(ref field, shared, null) is null)
                Add(new CachedDescriptor(parts.Descriptors, slot, shared));
            else
                // Another thread was first: this descriptor lives as long as it is borrowed.
                shared.Release();
        }
        fd = new BorrowedFd(shared!);
        return Errno.None;
    }

    private Errno Open(Inode directory, LowerParts parts, int slot, out Fd fd)
    {
        using var walk = new DirectoryOpener(layers, _milestones, directory, parts, slot);
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
