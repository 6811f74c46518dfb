using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// The lower parts of a directory. Never changes but for what is learnt of the disk; when the stack of layers changes, the directory gets
/// another one, and who goes on with this one sees the layers as they were.
/// </summary>
/// <param name="layers">Numbers of the lower layers that have it, topmost first; whatever is hidden left out.</param>
internal sealed class LowerParts(ushort[] layers)
{
    /// <summary>A listing of a layer takes so many system calls for each that a look takes.</summary>
    private const int LooksOfListing = 4;

    private LowerNames? _names;
    private int _looks;

    public ushort[] Layers { get; } = layers;

    /// <summary>
    /// Where each of <see cref="Layers"/> is: null for the name of the directory's <see cref="Place"/> in its parent, another name there, or
    /// a path from the layer's root; each with a NUL behind it. Null when none is elsewhere. Replaced whole, under the lock of the parent's names.
    /// </summary>
    public volatile byte[]?[]? Locations;

    /// <summary>Its layers may have whiteouts that are files with an xattr (opaque=x).</summary>
    public bool HasXattrWhiteouts { get; init; }

    /// <summary>Descriptors of the real directories, of <c>DirectoryCache</c>: 0 the upper, then one for each of <see cref="Layers"/>.</summary>
    public SafeFd?[] Descriptors { get; } = new SafeFd?[1 + layers.Length];

    /// <summary>Which of <see cref="Layers"/> hold AUFS whiteouts here.</summary>
    public Known[] HasAufsWhiteouts { get; } = new Known[layers.Length];

    /// <summary>Which of <see cref="Layers"/> have a name; null before it was worth asking.</summary>
    public LowerNames? Names
    {
        get => Volatile.Read(ref _names);
        set => Volatile.Write(ref _names, value);
    }

    /// <summary>Whether <see cref="Names"/> was asked for, and perhaps cannot be had.</summary>
    public volatile bool HasAskedNames;

    /// <summary>Notes one more look into a layer that is not the topmost.</summary>
    /// <returns>Whether all looks together have cost what listing every layer would.</returns>
    public bool NoteLook() => ++_looks > LooksOfListing * Layers.Length; // of two at once one may be lost: a little later, then

    /// <summary>The parts that a lookup found.</summary>
    public static LowerParts Of(in Resolved found) => new(found.Lowers.ToArray())
    {
        Locations = found.Locations,
        HasXattrWhiteouts = found.HasXattrWhiteouts,
    };

    /// <summary>Closes what it still holds.</summary>
    public void Drop()
    {
        Interlocked.Exchange(ref _names, null)?.Drop();
        for (int slot = 0; slot < Descriptors.Length; slot++)
            Interlocked.Exchange(ref Descriptors[slot], null)?.Release();
    }
}
