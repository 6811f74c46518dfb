using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Seeing;

/// <summary>The entries that a list of a view has.</summary>
/// <param name="HasTree">Those of directories in the directory, too.</param>
/// <param name="HasHidden">Also entries of layers that the view does not show.</param>
public readonly record struct TreeOptions(bool HasTree, bool HasHidden);

/// <summary>An entry of a view, or one that it hides.</summary>
public sealed record TreeEntry
{
    /// <summary>The path in the view.</summary>
    public required string Path { get; init; }

    /// <summary>Its type, as shown.</summary>
    public FileType Type { get; init; }

    /// <summary>The layers of a shown entry: all parts of a directory; metadata, then data, of a file.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>The entry of a layer that is not shown; null for one that is.</summary>
    public LayerEntryExplanation? Hidden { get; init; }
}
