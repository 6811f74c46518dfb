using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.Seeing;

namespace OverlayFuse.Tools.Explain;

/// <summary>The words for layers and for their entries.</summary>
internal static class LayerWords
{
    /// <summary>"1 lower": the number is that of <c>cat-layer</c>.</summary>
    public static string Label(StackView view, int layer) =>
        string.Create(CultureInfo.InvariantCulture, $"{layer} {Of(view, layer).Role}");

    /// <summary>The layer with a number.</summary>
    public static StackLayer Of(StackView view, int layer) => view.Layers.First(one => one.Number == layer);

    public static string Type(FileType type) => type switch
    {
        FileType.Regular => "file",
        FileType.Directory => "directory",
        FileType.SymLink => "symlink",
        FileType.CharacterDevice => "character device",
        FileType.BlockDevice => "block device",
        FileType.Fifo => "fifo",
        FileType.Socket => "socket",
        _ => "unknown",
    };

    public static string Form(EntryForm form) => form switch
    {
        EntryForm.Nothing => "nothing",
        EntryForm.WhiteoutDevice => "whiteout",
        EntryForm.WhiteoutFile => "xattr-whiteout",
        EntryForm.Unreadable => "unreadable",
        _ => "entry",
    };

    /// <summary>The key of a reason, for programs.</summary>
    public static string Key(LayerStop reason) => reason switch
    {
        LayerStop.Whiteout => "whiteout",
        LayerStop.AufsMark => "aufs-mark",
        LayerStop.Opaque => "opaque",
        LayerStop.AufsOpaque => "aufs-opaque",
        LayerStop.File => "file",
        _ => "other-type",
    };

    /// <summary>The reason as a noun.</summary>
    public static string Noun(LayerStop reason) => reason switch
    {
        LayerStop.Whiteout => "a whiteout",
        LayerStop.AufsMark => "a .wh. mark",
        LayerStop.Opaque => "an opaque directory",
        LayerStop.AufsOpaque => "a directory with .wh..wh..opq",
        LayerStop.File => "a file with its own data",
        _ => "an entry of another type",
    };

    /// <summary>The key of an effect, for programs.</summary>
    public static string Key(ChangeOutcome outcome) => outcome switch
    {
        ChangeOutcome.ReadOnly => "read-only",
        ChangeOutcome.InPlace => "in-place",
        ChangeOutcome.CopyUp => "copy-up",
        ChangeOutcome.CopyUpOfMetadata => "copy-up-of-metadata",
        ChangeOutcome.Removed => "removed",
        ChangeOutcome.Whiteout => "whiteout",
        ChangeOutcome.Redirect => "redirect",
        _ => "cross-device",
    };
}
