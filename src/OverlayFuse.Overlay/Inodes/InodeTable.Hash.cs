using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// The hash of the table. The inodes themselves form the chains, by their slots. The lock of the table guards everything here.
/// </summary>
internal sealed partial class InodeTable
{
    private uint[] _buckets = new uint[1 << 10];
    private int _hashed;

    private Inode? FindName(Inode parent, Name name)
    {
        uint hash = HashOf(parent, name);
        Inode? inode = InSlot(BucketOf(hash));
        while (inode is not null && !(inode.Hash == hash && IsNamedByPlace(inode) && inode.Place!.Is(parent, name)))
            inode = InSlot(inode.NextInBucket);
        return inode;
    }

    private Inode? FindUpper(ulong upperIno)
    {
        uint hash = HashOf(upperIno);
        Inode? inode = InSlot(BucketOf(hash));
        while (inode is not null && !(inode.UpperIno == upperIno && !IsNamedByPlace(inode)))
            inode = InSlot(inode.NextInBucket);
        return inode;
    }

    /// <summary>Finds a lower file that has one inode for all its names and is not copied up yet.</summary>
    private Inode? FindLower(ulong ino)
    {
        uint hash = HashOf(ino);
        Inode? inode = InSlot(BucketOf(hash));
        while (inode is not null && !(inode.Ino == ino && inode is { HasUpper: false, IsDirectory: false, Index: not null }))
            inode = InSlot(inode.NextInBucket);
        return inode;
    }

    private void Insert(Inode inode)
    {
        if (inode.Hashed || inode.IsLeftBehind)
            return;
        if (_hashed > _buckets.Length)
            Grow();
        inode.Hash = IsNamedByPlace(inode)
            ? HashOf(inode.Place!.Parent, inode.Place.Name)
            : HashOf(inode.HasUpper ? inode.UpperIno : inode.Ino);
        Push(inode);
        _hashed++;
    }

    private void Unhash(Inode inode)
    {
        if (!inode.Hashed)
            return;
        ref uint link = ref BucketOf(inode.Hash);
        while (link != inode.Slot)
            link = ref InSlot(link)!.NextInBucket;
        link = inode.NextInBucket;
        inode.SetNotHashed();
        _hashed--;
    }

    private void Grow()
    {
        uint[] old = _buckets;
        _buckets = new uint[old.Length * 2];
        foreach (uint head in old)
        {
            for (Inode? inode = InSlot(head); inode is not null;)
            {
                Inode? next = InSlot(inode.NextInBucket);
                Push(inode);
                inode = next;
            }
        }
    }

    private void Push(Inode inode)
    {
        ref uint bucket = ref BucketOf(inode.Hash);
        inode.NextInBucket = bucket;
        bucket = inode.Slot;
    }

    private ref uint BucketOf(uint hash) => ref _buckets[hash & (uint)(_buckets.Length - 1)];

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
