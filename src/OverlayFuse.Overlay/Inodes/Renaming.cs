using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>One RENAME: the inodes, directories and names of both sides. Lives for one request.</summary>
internal readonly ref struct Renaming(Inode source, Inode? target, Inode oldParent, Inode newParent)
{
    public Inode Source { get; } = source;

    /// <summary>The inode with the new name in the merged view; null if there is none.</summary>
    public Inode? Target { get; } = target;

    public Inode OldParent { get; } = oldParent;

    public Inode NewParent { get; } = newParent;

    public Name OldName { get; init; }

    public Name NewName { get; init; }

    /// <summary>RENAME_EXCHANGE: source and target change places.</summary>
    public bool Exchange { get; init; }
}
