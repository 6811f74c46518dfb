using OverlayFuse.Linux;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Seeing;

/// <summary>The form of an entry of a layer.</summary>
public enum EntryForm
{
    /// <summary>The layer has no such name.</summary>
    Nothing,

    /// <summary>A character device 0:0.</summary>
    WhiteoutDevice,

    /// <summary>An empty file with xattr "whiteout".</summary>
    WhiteoutFile,

    /// <summary>Anything that users can see.</summary>
    File,

    /// <summary>The layer cannot be read there.</summary>
    Unreadable,
}

/// <summary>The entry that hides the layers below it.</summary>
/// <param name="Layer">The layer that holds it.</param>
/// <param name="Reason">The reason.</param>
/// <param name="Path">Its path in the view: the path that was asked for, or a directory above.</param>
public sealed record Hiding(int Layer, LayerStop Reason, string Path);

/// <summary>The handle of the original, which a copy keeps.</summary>
/// <param name="Layer">The layer of the original, if that is an entry below the copy; null if it is elsewhere.</param>
/// <param name="Ino">Its inode number; null if it is on no file system of the layers.</param>
public sealed record OriginAnswer(int? Layer, ulong? Ino);

/// <summary>An extended attribute of an entry in a layer.</summary>
/// <param name="Name">The name on disk.</param>
/// <param name="Value">The value.</param>
/// <param name="IsMark">The mark belongs to the overlay, and users do not see it.</param>
public sealed record EntryXattr(string Name, byte[] Value, bool IsMark);

/// <summary>The entry that one layer holds at the path that the layers above it lead to.</summary>
public sealed record LayerEntryExplanation
{
    /// <summary>Its number: see <see cref="StackView.Layers"/>.</summary>
    public required int Layer { get; init; }

    /// <summary>The path in the layer, without a slash at the front.</summary>
    public required string Place { get; init; }

    /// <summary>The form of the entry.</summary>
    public required EntryForm Form { get; init; }

    /// <summary>The attributes as shown; those of a whiteout are its own.</summary>
    public Statx Stat { get; init; }

    /// <summary>The target of a symbolic link; null for other files.</summary>
    public string? Target { get; init; }

    /// <summary>A file ".wh.NAME" beside it hides the name in the layers below.</summary>
    public bool HasAufsMark { get; init; }

    /// <summary>The file's data come from here.</summary>
    public bool GivesData { get; init; }

    /// <summary>Owner, mode, times and xattrs come from here.</summary>
    public bool GivesMetadata { get; init; }

    /// <summary>The directory in this layer is a part of the merged one.</summary>
    public bool IsPart { get; init; }

    /// <summary>The reason why users do not see it; null if they do, or if there is nothing.</summary>
    public Hiding? HiddenBy { get; init; }

    /// <summary>A redirect above leads to another name, so the entry of this name is not asked for.</summary>
    public bool IsPassedBy { get; init; }

    /// <summary>Its extended attributes that can be read.</summary>
    public IReadOnlyList<EntryXattr> Xattrs { get; init; } = [];

    /// <summary>The original that xattr "origin" names; null without that xattr.</summary>
    public OriginAnswer? Origin { get; init; }
}

/// <summary>The effect of the next change of an entry.</summary>
/// <param name="Outcome">The kind of effect.</param>
/// <param name="Bytes">Bytes of data that are copied up.</param>
/// <param name="Directories">Directories above that are copied up first.</param>
public sealed record ChangeEffect(ChangeOutcome Outcome, ulong Bytes = 0, int Directories = 0);

/// <summary>The kind of effect of a change.</summary>
public enum ChangeOutcome
{
    /// <summary>EROFS: the stack has no upper.</summary>
    ReadOnly,

    /// <summary>The upper has the entry already. Nothing is copied.</summary>
    InPlace,

    /// <summary>The entry is copied up with its data.</summary>
    CopyUp,

    /// <summary>The entry is copied up without data (metacopy), or is a directory.</summary>
    CopyUpOfMetadata,

    /// <summary>The entry is removed from the upper. Nothing is left behind.</summary>
    Removed,

    /// <summary>A whiteout hides the entry in the layers below.</summary>
    Whiteout,

    /// <summary>The directory is copied up without its content, gets a redirect, and leaves a whiteout.</summary>
    Redirect,

    /// <summary>EXDEV: mv(1) copies the whole directory.</summary>
    CrossDevice,
}

/// <summary>The answer to the question where an entry of a view comes from.</summary>
public sealed record EntryExplanation
{
    /// <summary>The path in the view; empty for the root.</summary>
    public required string Path { get; init; }

    /// <summary>The view has it.</summary>
    public required bool IsShown { get; init; }

    /// <summary>The view lists it, but a mark on it cannot be followed: opening it fails.</summary>
    public bool IsBroken { get; init; }

    /// <summary>One for each layer, topmost first; a second one for a layer in which a redirect passes by an entry of this name.</summary>
    public required IReadOnlyList<LayerEntryExplanation> Layers { get; init; }

    /// <summary>The effect of a first write; null if nothing is shown, and for what cannot be written.</summary>
    public ChangeEffect? Write { get; init; }

    /// <summary>The effect of chmod(1) or chown(1).</summary>
    public ChangeEffect? Attributes { get; init; }

    /// <summary>The effect of a removal.</summary>
    public ChangeEffect? Delete { get; init; }

    /// <summary>The effect of a rename to a free name.</summary>
    public ChangeEffect? Rename { get; init; }
}
