using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>One RENAME: what goes where.</summary>
internal readonly ref struct Renaming(Inode source, Inode? target, Inode oldParent, Inode newParent)
{
    public Inode Source { get; } = source;

    /// <summary>What stands under the new name in the merged view.</summary>
    public Inode? Target { get; } = target;

    public Inode OldParent { get; } = oldParent;

    public Inode NewParent { get; } = newParent;

    public Name OldName { get; init; }

    public Name NewName { get; init; }

    /// <summary>RENAME_EXCHANGE: both change places.</summary>
    public bool Exchange { get; init; }
}
