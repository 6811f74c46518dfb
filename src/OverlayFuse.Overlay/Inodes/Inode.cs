using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// One inode of the merged view, for all its hard links. <see cref="InodeTable"/> owns it, counts the kernel's references and frees it. The
/// lock of the object makes its one copier (src/ARCHITECTURE.md has the lock order). There is one object for each file that the kernel
/// knows, so it is small (80 bytes). Fields that few inodes have stand in <see cref="InodeExtra"/>.
/// </summary>
internal sealed partial class Inode(uint slot, uint generation, FileType type)
{
    private const uint NotHashed = uint.MaxValue;

    private ulong _upperIno;

    public NodeId Id => new(Slot);

    /// <summary>The node number: its place in <see cref="InodeTable"/>.</summary>
    public uint Slot { get; } = slot;

    /// <summary>The generation, of which the kernel keeps 32 bits (inode->i_generation).</summary>
    public uint Generation { get; } = generation;

    public FileType Type { get; } = type;

    /// <summary>st_ino of the merged view. Only the copy-up of a broken hard link changes it.</summary>
    public ulong Ino { get; set; }

    /// <summary>The index of the lower layer of a non-directory.</summary>
    public ushort LowerLayer { get; set; } = Limits.NoLayer;

    /// <summary>The layer of its real file: a lower layer's number, or <see cref="Limits.NoLayer"/> for the upper.</summary>
    public ushort RealLayer => HasUpper ? Limits.NoLayer : Directory?.Lowers[0] ?? LowerLayer;

    /// <summary>The upper inode has or would get an origin: <see cref="Ino"/> is the lower's (ovl_type_origin).</summary>
    public bool HasOrigin { get; set; }

    /// <summary>Inode number in the upper layer, 0 before copy-up. Set once, under the lock of the parent's names.</summary>
    public ulong UpperIno
    {
        get => Volatile.Read(ref _upperIno);
        set => Volatile.Write(ref _upperIno, value);
    }

    public bool HasUpper => UpperIno != 0;

    /// <summary>The name that leads to the real file. The last one remains after it was unlinked.</summary>
    public volatile Place? Place;

    /// <summary>No known name is left. Written under the lock of the parent's names.</summary>
    public volatile bool Unlinked;

    /// <summary>At its first lookup the file was large enough for passthrough of a lower file.</summary>
    public bool IsLarge { get; init; }

    /// <summary>
    /// Read since the kernel last got its attributes. The kernel then doubts its atime (fuse_invalidate_atime), and the next stat(2) is a
    /// request. A hint, written without a lock.
    /// </summary>
    public volatile bool WasRead;

    /// <summary>The flags of chattr(1), read at their first use: see <c>Protections</c>.</summary>
    public Protection Protection = Protection.NotRead;

    /// <summary>Fields of <see cref="InodeTable"/>, guarded by its lock: references, hash chain (slot of the next, 0 for none).</summary>
    public long Lookups;

    public uint NextInBucket = NotHashed;

    public uint Hash;

    public bool Hashed => NextInBucket != NotHashed;

    public void SetNotHashed() => NextInBucket = NotHashed;
}
