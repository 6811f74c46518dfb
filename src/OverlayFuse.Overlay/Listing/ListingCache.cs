using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.Listing;

/// <summary>
/// The listings that readers have begun and not finished. The kernel does not say who reads: a READDIR goes on where its cookie says, in
/// the listing that is here, or in a new one. So a listing may go at any time. There are few, as a reader that comes to the end takes
/// its listing away. The lock is a leaf.
/// </summary>
internal sealed class ListingCache
{
    private const int MostListings = 64;

    /// <summary>Bytes of all listings together. One larger listing is kept alone.</summary>
    private const long MostBytes = 16 << 20;

    private readonly Lock _lock = new();
    private readonly DirectoryListing?[] _listings = new DirectoryListing?[MostListings];
    private long _bytes;
    private long _uses;

    /// <summary>Takes the listing of a directory for reading. The caller gives it back.</summary>
    /// <returns>Null if there is none.</returns>
    public DirectoryListing? Borrow(Inode directory)
    {
        lock (_lock)
        {
            int slot = Find(directory);
            if (slot < 0)
                return null;
            DirectoryListing listing = _listings[slot]!;
            listing.Use.Readers++;
            listing.Use.Last = ++_uses;
            return listing;
        }
    }

    /// <summary>Keeps a new listing in place of the directory's older one. The caller reads it and gives it back.</summary>
    public void Keep(Inode directory, DirectoryListing listing)
    {
        lock (_lock)
        {
            RemoveOf(directory);
            int slot;
            while ((slot = Array.IndexOf(_listings, null)) < 0 || (_bytes > 0 && _bytes + listing.Size > MostBytes))
                Remove(Oldest());
            _listings[slot] = listing;
            _bytes += listing.Size;
            listing.Use.KeptFor = directory;
            listing.Use.Readers = 1;
            listing.Use.Last = ++_uses;
        }
    }

    /// <summary>Gives a listing back.</summary>
    /// <param name="listing">The listing.</param>
    /// <param name="isFinished">The reader has come to the end: the listing goes.</param>
    public void Return(DirectoryListing listing, bool isFinished)
    {
        lock (_lock)
        {
            listing.Use.Readers--;
            if (isFinished && listing.Use.KeptFor is { } directory)
                RemoveOf(directory);
            FreeIfUnused(listing);
        }
    }

    /// <summary>Lets all listings go, because the layers have changed.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            for (int slot = 0; slot < MostListings; slot++)
                Remove(slot);
        }
    }

    private int Find(Inode directory)
    {
        for (int slot = 0; slot < MostListings; slot++)
        {
            if (_listings[slot] is { } listing && listing.Use.KeptFor == directory)
                return slot;
        }
        return -1;
    }

    private int Oldest()
    {
        int oldest = -1;
        for (int slot = 0; slot < MostListings; slot++)
        {
            if (_listings[slot] is { } listing && (oldest < 0 || listing.Use.Last < _listings[oldest]!.Use.Last))
                oldest = slot;
        }
        return oldest;
    }

    private void RemoveOf(Inode directory)
    {
        int slot = Find(directory);
        if (slot >= 0)
            Remove(slot);
    }

    private void Remove(int slot)
    {
        if (_listings[slot] is not { } listing)
            return;
        _listings[slot] = null;
        _bytes -= listing.Size;
        listing.Use.KeptFor = null;
        FreeIfUnused(listing);
    }

    private static void FreeIfUnused(DirectoryListing listing)
    {
        if (listing.Use is { KeptFor: null, Readers: 0 })
            listing.Dispose();
    }
}

/// <summary>How a listing is used. The lock of <see cref="ListingCache"/> guards it.</summary>
internal sealed class ListingUse
{
    /// <summary>The directory in whose name the cache keeps it; null if the cache does not keep it.</summary>
    public Inode? KeptFor { get; set; }

    /// <summary>The number of requests that read it now.</summary>
    public int Readers { get; set; }

    /// <summary>Grows with each use of any listing.</summary>
    public long Last { get; set; }
}
