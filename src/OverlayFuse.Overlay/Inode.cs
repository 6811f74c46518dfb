using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// One inode of the merged view, for all its hard links. Owned by <see cref="InodeTable"/>, which counts the kernel's references and
/// frees it. Locking the object itself makes its one copier (see the lock order in <see cref="OverlayFileSystem"/>).
/// </summary>
internal sealed class Inode(NodeId id, ulong generation, FileType type)
{
    /// <summary>Value of <see cref="LowerLayer"/> for what no lower layer has.</summary>
    public const ushort NoLayer = ushort.MaxValue;

    private ulong _upperIno;

    public NodeId Id { get; } = id;

    public ulong Generation { get; } = generation;

    public FileType Type { get; } = type;

    /// <summary>st_ino of the merged view; constant over copy-up but for a broken hard link.</summary>
    public ulong Ino { get; set; }

    /// <summary>Of a non-directory: index of the lower layer where it was found.</summary>
    public ushort LowerLayer { get; set; } = NoLayer;

    /// <summary>Where its real file is: a lower layer's number, or <see cref="NoLayer"/> for the upper.</summary>
    public ushort RealLayer => HasUpper ? NoLayer : Directory?.Lowers[0] ?? LowerLayer;

    /// <summary>The upper inode has or would get an origin: <see cref="Ino"/> is the lower's (ovl_type_origin).</summary>
    public bool HasOrigin { get; set; }

    /// <summary>Inode number in the upper layer, 0 before copy-up. Set once, under the lock of the parent's names.</summary>
    public ulong UpperIno
    {
        get => Volatile.Read(ref _upperIno);
        set => Volatile.Write(ref _upperIno, value);
    }

    public bool HasUpper => UpperIno != 0;

    public bool IsDirectory => Directory is not null;

    /// <summary>What only directories have.</summary>
    public DirectoryNode? Directory { get; init; }

    /// <summary>The name by which the real file is reached; the last one remains after it was unlinked.</summary>
    public volatile Place? Place;

    /// <summary>No name is left that we know: written under the lock of the parent's names.</summary>
    public volatile bool Unlinked;

    /// <summary>It had the size from which a lower file may be passed through when it was first looked up.</summary>
    public bool IsLarge { get; init; }

    /// <summary>Copied up while it was open by passthrough of its lower file: another inode has its names. Set under the lock of the table.</summary>
    public volatile bool IsLeftBehind;

    /// <summary>Was open for reading and writing by passthrough, so it may be mapped, and written, without our knowledge.</summary>
    public volatile bool IsMappable;

    /// <summary>Where the data are, of a file without data of its own; null for all others. Set under the lock of the inode.</summary>
    public volatile LowerData? Data;

    /// <summary>Its place in the index: of a file with several lower links, with index=on; of all that a lower layer has, with nfs_export=on.</summary>
    public IndexEntry? Index { get; set; }

    /// <summary>xattr "redirect" of the upper inode: how the lower layers call it.</summary>
    public byte[]? Redirect
    {
        get => Directory is not null ? Directory.Redirect : Data?.Redirect;
        set
        {
            if (Directory is not null)
                Directory.Redirect = value;
            else if (Data is { } data)
                data.Redirect = value;
        }
    }

    /// <summary>Holds an upper inode whose last known name is gone, until it is forgotten.</summary>
    public volatile SafeFd? Pinned;

    /// <summary>A large lower file whose copy is not whole yet; <see cref="HasUpper"/> comes with the last byte.</summary>
    public volatile PartialCopy? Partial;

    /// <summary>What chattr(1) forbids, once somebody asked: see <see cref="OverlayFileSystem"/>.Protection.</summary>
    public Protection Protection = Protection.NotRead;

    /// <summary>Descriptors of the real file while it is open in the merged view.</summary>
    public volatile OpenFile? Open;

    /// <summary>Fields of <see cref="InodeTable"/>, guarded by its lock: references, hash chain.</summary>
    public long Lookups;

    public int Children;

    public Inode? NextInBucket;

    public uint Hash;

    public bool Hashed;
}
