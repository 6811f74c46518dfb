using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Descriptors (O_PATH) of real directories in use, under a bound: an LRU by the clock algorithm. A directory is opened in its
/// parent's descriptor by its name; nothing is ever resolved from the root, no symbolic link is followed.
/// </summary>
/// <param name="layers">Where paths from the root of a layer start.</param>
/// <param name="capacity">How many descriptors it may keep.</param>
internal sealed class DirectoryCache(LayerStack layers, int capacity)
{
    private const OpenFlags DirectoryFlags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;

    /// <summary>How often a directory that is being renamed at this moment is looked for again.</summary>
    private const int Retries = 1000;

    private readonly Lock _lock = new();
    private readonly Entry[] _ring = new Entry[capacity];
    private int _hand;

    /// <summary>The upper directory.</summary>
    public Errno BorrowUpper(Inode directory, out BorrowedFd fd) => Borrow(directory, directory.Directory!.Parts, 0, out fd);

    /// <summary>The directory in its topmost lower layer.</summary>
    public Errno BorrowLower(Inode directory, out BorrowedFd fd) => Borrow(directory, directory.Directory!.Parts, 1, out fd);

    /// <summary>Closes all that is kept; at the end, when nobody borrows any more.</summary>
    public void Clear()
    {
        for (int i = 0; i < _ring.Length; i++)
        {
            _ring[i].Fd?.Release();
            _ring[i] = default;
        }
    }

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

    private Errno Borrow(Inode directory, LowerParts parts, int slot, out BorrowedFd fd)
    {
        ref SafeFd? field = ref parts.Descriptors[slot];
        while (Volatile.Read(ref field) is { } shared)
        {
            if (!shared.TryAcquire())
                continue; // evicted between the two lines
            shared.RecentlyUsed = true;
            fd = new BorrowedFd(shared);
            return Errno.None;
        }
        fd = default;
        if (Open(directory, parts, slot, out Fd opened) is not Errno.None and var error)
            return error;
        var mine = new SafeFd(opened);
        fd = new BorrowedFd(mine);
        if (mine.TryAcquire() && Interlocked.CompareExchange(ref field, mine, null) is null)
            Add(new Entry(parts.Descriptors, slot, mine));
        else
            mine.Release(); // another thread was first: this one lives as long as it is borrowed
        return Errno.None;
    }

    private Errno Open(Inode directory, LowerParts parts, int slot, out Fd fd)
    {
        if (slot == 0)
            return OpenUpper(directory, out fd);
        Errno error = OpenLower(directory, parts, slot - 1, out fd);
        return error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? Errno.ESTALE : error; // changed behind our back; it was there
    }

    private Errno OpenLower(Inode directory, LowerParts parts, int index, out Fd fd)
    {
        fd = Fd.None;
        Place place = directory.Place!; // before the location: a rename sets that first, and both then mean the same
        ushort layer = parts.Layers[index];
        byte[]? location = parts.Locations?[index];
        if (location is [(byte)'/', ..])
            return LayerWalk.Open(layers.Lowers[layer].Root.Fd, location, DirectoryFlags, out fd);
        if (BorrowLayer(place.Parent, layer, out BorrowedFd parent) is not Errno.None and var error)
            return error;
        using (parent)
            return Sys.OpenAt(parent, location is null ? place.Name : new Name(location), DirectoryFlags, out fd);
    }

    /// <summary>
    /// Verified by inode number instead of locking the parent's names: a lock here would turn the lock order round.
    /// </summary>
    private Errno OpenUpper(Inode directory, out Fd fd)
    {
        fd = Fd.None;
        for (int attempt = 0; attempt < Retries; attempt++)
        {
            Place place = directory.Place!;
            if (BorrowUpper(place.Parent, out BorrowedFd parent) is not Errno.None and var error)
                return error;
            using (parent)
                error = Sys.OpenAt(parent, place.Name, DirectoryFlags, out fd);
            if (error is not (Errno.None or Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP))
                return error;
            using var opened = new ScopedFd(fd);
            Statx stat = default;
            if (error == Errno.None && Sys.FStatx(fd, out stat, StatxMask.Ino) is not Errno.None and var unseen)
                return unseen;
            if (error == Errno.None && stat.Ino == directory.UpperIno)
            {
                fd = opened.Release();
                return Errno.None;
            }
            _ = Thread.Yield(); // whether another thread ran does not matter
        }
        fd = Fd.None;
        return Errno.ESTALE;
    }

    private void Add(Entry entry)
    {
        Entry evicted;
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
        if (evicted.Fd is not null
            && Interlocked.CompareExchange(ref evicted.Owner[evicted.Slot], null, evicted.Fd) == evicted.Fd)
            evicted.Fd.Release();
    }

    private readonly record struct Entry(SafeFd?[] Owner, int Slot, SafeFd Fd);
}
