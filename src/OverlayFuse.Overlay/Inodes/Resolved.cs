using OverlayFuse.Linux;
using OverlayFuse.Overlay.Links;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>The result of a lookup of one name in all layers. Lives for one request.</summary>
/// <param name="lowers">Room for as many numbers as there are lower layers.</param>
internal ref struct Resolved(Span<ushort> lowers)
{
    private readonly Span<ushort> _lowers = lowers;
    private int _count;
    private byte[]?[]? _locations;

    /// <summary>statx of the topmost real inode; undefined if <see cref="Exists"/> is false.</summary>
    public Statx Stat;

    /// <summary>The merged view has the name.</summary>
    public bool Exists { readonly get; set; }

    /// <summary>The upper layer has the name.</summary>
    public bool HasUpper { readonly get; set; }

    /// <summary>st_ino in the merged view.</summary>
    public ulong Ino { readonly get; set; }

    /// <summary>The upper inode is the copy of a lower one, whose number it shows.</summary>
    public bool HasOrigin { readonly get; set; }

    /// <summary>Indexes of the lower layers that have the name and are not hidden. A non-directory has at most one.</summary>
    public readonly ReadOnlySpan<ushort> Lowers => _lowers[.._count];

    public readonly bool IsDirectory => Exists && Stat.IsDirectory;

    /// <summary>Several layers have the directory: st_nlink is 1 (ovl_getattr).</summary>
    public readonly bool IsMerged => IsDirectory && (HasUpper ? _count > 0 : _count > 1);

    /// <summary>The directory has whiteouts that are files with an xattr.</summary>
    public bool HasXattrWhiteouts { readonly get; set; }

    /// <summary>The file is a metacopy: see <see cref="Data"/>.</summary>
    public bool IsMetacopy { readonly get; set; }

    public LowerData? Data { readonly get; set; }

    /// <summary>xattr "redirect" of the upper inode.</summary>
    public byte[]? Redirect { readonly get; set; }

    /// <summary>
    /// The name of its entry in the index, which may not exist yet. A file with several lower links has one with index=on, each lower inode
    /// has one with nfs_export=on.
    /// </summary>
    public byte[]? IndexName { readonly get; set; }

    /// <summary>See <see cref="IndexEntry.Delta"/>.</summary>
    public int LinkDelta { readonly get; set; }

    /// <summary>See <see cref="InodeTable.IndexVersion"/>.</summary>
    public int IndexVersion { readonly get; set; }

    /// <summary>The location in each of <see cref="Lowers"/>; null if all have this name in the parent.</summary>
    public readonly byte[]?[]? Locations => _locations?[.._count];

    /// <summary>
    /// The location in the last of <see cref="Lowers"/>: null for this name in the parent, another name there, or a path from the layer's
    /// root.
    /// </summary>
    public readonly byte[]? LastLocation => _locations?[_count - 1];

    /// <summary>The lower parts of the directory that was found.</summary>
    public readonly LowerParts ToParts() => new(Lowers.ToArray()) { Locations = Locations, HasXattrWhiteouts = HasXattrWhiteouts };

    /// <summary>Forgets the result, before another try.</summary>
    public void Reset()
    {
        _count = 0;
        Exists = HasUpper = HasOrigin = HasXattrWhiteouts = IsMetacopy = false;
        Ino = 0;
        _locations = null;
        Data = null;
        Redirect = null;
        IndexName = null;
    }

    public void AddLower(ushort layer, byte[]? location)
    {
        if (location is not null)
        {
            _locations ??= new byte[]?[_lowers.Length];
            _locations[_count] = location;
        }
        _lowers[_count++] = layer;
    }

    /// <summary>True if an inode known under this name is still the same.</summary>
    public readonly bool IsStill(Inode known) =>
        known.Type == Stat.Type
        && (HasUpper ? known.UpperIno == Stat.Ino : !known.HasUpper)
        && (known.Directory is null || known.Directory.Lowers.AsSpan().SequenceEqual(Lowers))
        && (HasUpper || known.IsDirectory || (known.Ino == Ino && (known.Index is not null || known.LowerLayer == Lowers[0])))
        && (known.IsDirectory || known.Data is null == !IsMetacopy);
}
