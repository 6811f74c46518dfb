using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// The lower parts of a directory. Only facts read from the disk are added to it. After a change of the stack the directory gets a new
/// object, and a request that goes on with the old one sees the old layers.
/// </summary>
/// <param name="layers">Numbers of the lower layers that have the directory, topmost first, without hidden ones.</param>
internal sealed class LowerParts(ushort[] layers)
{
    /// <summary>The price of a listing of a layer, in looks: system calls of the one for each system call of the other.</summary>
    private const int LooksOfListing = 4;

    private LowerNames? _names;
    private int _looks;

    public ushort[] Layers { get; } = layers;

    /// <summary>
    /// The location of the directory in each of <see cref="Layers"/>: null for the name of its <see cref="Place"/>, another name in its
    /// parent, or a path from the layer's root; each with a NUL behind it. Null if all have the name of its place. Replaced as a whole,
    /// under the lock of the parent's names.
    /// </summary>
    public volatile byte[]?[]? Locations;

    /// <summary>The layers may have whiteouts that are files with an xattr (opaque=x).</summary>
    public bool HasXattrWhiteouts { get; init; }

    /// <summary>
    /// Descriptors of the real directories, which <c>DirectoryCache</c> owns: 0 for the upper, then one for each of <see cref="Layers"/>.
    /// </summary>
    public SafeFd?[] Descriptors { get; } = new SafeFd?[1 + layers.Length];

    /// <summary>For each of <see cref="Layers"/>: Yes if it holds AUFS whiteouts in the directory.</summary>
    public Known[] HasAufsWhiteouts { get; } = new Known[layers.Length];

    /// <summary>Tells which of <see cref="Layers"/> have a name; null until a table is worth its price.</summary>
    public LowerNames? Names
    {
        get => Volatile.Read(ref _names);
        set => Volatile.Write(ref _names, value);
    }

    /// <summary>True after the first try to make <see cref="Names"/>, even if it failed.</summary>
    public volatile bool HasAskedNames;

    /// <summary>Notes one more look into a layer that is not the topmost.</summary>
    /// <returns>
    /// True if all looks together have cost as much as a listing of each layer. One of two looks at the same time may not count: the answer
    /// then comes a little later.
    /// </returns>
    public bool NoteLook() => ++_looks > LooksOfListing * Layers.Length;

    /// <summary>Closes the descriptors and gives the table back.</summary>
    public void Drop()
    {
        Interlocked.Exchange(ref _names, null)?.Drop();
        for (int slot = 0; slot < Descriptors.Length; slot++)
            Interlocked.Exchange(ref Descriptors[slot], null)?.Release();
    }
}
