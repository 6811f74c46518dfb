using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>The hash of the table, chained through the inodes themselves. All of it under the table's lock.</summary>
internal sealed partial class InodeTable
{
    private Inode?[] _buckets = new Inode?[1 << 10];
    private int _hashed;

    private Inode? FindName(Inode parent, Name name)
    {
        uint hash = HashOf(parent, name);
        Inode? inode = _buckets[hash & (uint)(_buckets.Length - 1)];
        while (inode is not null && !(inode.Hash == hash && IsNamedByPlace(inode) && inode.Place!.Is(parent, name)))
            inode = inode.NextInBucket;
        return inode;
    }

    private Inode? FindUpper(ulong upperIno)
    {
        uint hash = HashOf(upperIno);
        Inode? inode = _buckets[hash & (uint)(_buckets.Length - 1)];
        while (inode is not null && !(inode.UpperIno == upperIno && !IsNamedByPlace(inode)))
            inode = inode.NextInBucket;
        return inode;
    }

    /// <summary>A lower file that all its names are one inode of, not copied up yet.</summary>
    private Inode? FindLower(ulong ino)
    {
        uint hash = HashOf(ino);
        Inode? inode = _buckets[hash & (uint)(_buckets.Length - 1)];
        while (inode is not null && !(inode.Ino == ino && inode is { HasUpper: false, IsDirectory: false, Index: not null }))
            inode = inode.NextInBucket;
        return inode;
    }

    private void Insert(Inode inode)
    {
        if (inode.Hashed || inode.IsLeftBehind)
            return;
        if (_hashed > _buckets.Length)
            Grow();
        inode.Hash = IsNamedByPlace(inode) ? HashOf(inode.Place!.Parent, inode.Place.Name) : HashOf(inode.HasUpper ? inode.UpperIno : inode.Ino);
        ref Inode? bucket = ref _buckets[inode.Hash & (uint)(_buckets.Length - 1)];
        inode.NextInBucket = bucket;
        bucket = inode;
        inode.Hashed = true;
        _hashed++;
    }

    private void Unhash(Inode inode)
    {
        if (!inode.Hashed)
            return;
        ref Inode? link = ref _buckets[inode.Hash & (uint)(_buckets.Length - 1)];
        while (!ReferenceEquals(link, inode))
            link = ref link!.NextInBucket;
        link = inode.NextInBucket;
        inode.NextInBucket = null;
        inode.Hashed = false;
        _hashed--;
    }

    private void Grow()
    {
        var buckets = new Inode?[_buckets.Length * 2];
        foreach (Inode? head in _buckets)
        {
            for (Inode? inode = head; inode is not null;)
            {
                Inode? next = inode.NextInBucket;
                ref Inode? bucket = ref buckets[inode.Hash & (uint)(buckets.Length - 1)];
                inode.NextInBucket = bucket;
                bucket = inode;
                inode = next;
            }
        }
        _buckets = buckets;
    }

    private static bool IsNamedByPlace(Inode inode) => inode.IsDirectory || (!inode.HasUpper && inode.Index is null);

    private static uint HashOf(Inode parent, Name name)
    {
        var hash = new HashCode();
        hash.Add(parent.Id.Value);
        hash.AddBytes(name.Bytes);
        return (uint)hash.ToHashCode();
    }

    private static uint HashOf(ulong upperIno) => (uint)HashCode.Combine(upperIno);
}
