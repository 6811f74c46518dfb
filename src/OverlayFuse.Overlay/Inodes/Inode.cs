using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// One inode of the merged view, for all its hard links. Owned by <see cref="InodeTable"/>, which counts the kernel's references and
/// frees it. Locking the object itself makes its one copier (see the lock order in <c>OverlayFileSystem</c>). There is one for each
/// file that the kernel knows, so it is kept small (80 bytes): what few have stands in <see cref="InodeExtra"/>.
/// </summary>
internal sealed partial class Inode(uint slot, uint generation, FileType type)
{
    /// <summary>Value of <see cref="LowerLayer"/> for what no lower layer has.</summary>
    public const ushort NoLayer = ushort.MaxValue;

    private const uint NotHashed = uint.MaxValue;

    private ulong _upperIno;

    public NodeId Id => new(Slot);

    /// <summary>Node number: where <see cref="InodeTable"/> has it.</summary>
    public uint Slot { get; } = slot;

    /// <summary>The kernel keeps 32 bits of it (inode->i_generation).</summary>
    public uint Generation { get; } = generation;

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

    /// <summary>The name by which the real file is reached; the last one remains after it was unlinked.</summary>
    public volatile Place? Place;

    /// <summary>No name is left that we know: written under the lock of the parent's names.</summary>
    public volatile bool Unlinked;

    /// <summary>It had the size from which a lower file may be passed through when it was first looked up.</summary>
    public bool IsLarge { get; init; }

    /// <summary>What chattr(1) forbids, once somebody asked: see <c>OverlayFileSystem</c>.Protection.</summary>
    public Protection Protection = Protection.NotRead;

    /// <summary>Fields of <see cref="InodeTable"/>, guarded by its lock: references, hash chain (slot of the next, 0 for none).</summary>
    public long Lookups;

    public uint NextInBucket = NotHashed;

    public uint Hash;

    public bool Hashed => NextInBucket != NotHashed;

    public void SetNotHashed() => NextInBucket = NotHashed;
}
