using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Merging;

/// <summary>One name in a directory of one layer, of which <see cref="LayerReader"/> tells what the layer shows.</summary>
/// <param name="directory">The directory, on loan.</param>
/// <param name="name">The name.</param>
/// <param name="layer">A lower layer's number; <see cref="Limits.NoLayer"/> for the upper.</param>
internal readonly ref struct LayerEntry(Fd directory, Name name, ushort layer)
{
    public Fd Directory { get; } = directory;

    public Name Name { get; } = name;

    public ushort Layer { get; } = layer;

    public bool IsInUpper => Layer == Limits.NoLayer;

    /// <summary>
    /// The redirect that led here: another name, or a path from the layer's root. Null if the lookup follows no redirect.
    /// </summary>
    public byte[]? Location { get; init; }
}

/// <summary>The reason why a lookup ends in a layer, so that all layers below are hidden.</summary>
public enum LayerStop
{
    /// <summary>A whiteout: a device 0:0, or an empty file with an xattr.</summary>
    Whiteout,

    /// <summary>A file ".wh.NAME" beside the name.</summary>
    AufsMark,

    /// <summary>A directory with xattr "opaque".</summary>
    Opaque,

    /// <summary>A directory that holds ".wh..wh..opq".</summary>
    AufsOpaque,

    /// <summary>A file that has its own data.</summary>
    File,

    /// <summary>The entry itself has another type than the one above, and is hidden, too.</summary>
    OtherType,
}

/// <summary>The entry that a layer shows under a name.</summary>
internal enum LayerSight
{
    /// <summary>The layer has no such name.</summary>
    Nothing,

    /// <summary>A whiteout hides the name in the layers below.</summary>
    Whiteout,

    /// <summary>The layer has a file.</summary>
    File,

    /// <summary>The name is the root of a merged view, which no daemon may enter.</summary>
    NestedView,
}
