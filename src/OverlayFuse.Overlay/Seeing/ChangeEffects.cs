using OverlayFuse.Linux;
using OverlayFuse.Overlay.Changes;

namespace OverlayFuse.Overlay.Seeing;

/// <summary>Foretells the effect of the next change of an entry.</summary>
/// <param name="layers">The layers.</param>
/// <param name="entry">The entry, as shown.</param>
/// <param name="isBelow">The lower layers alone show the name, too.</param>
/// <param name="directories">Directories above that the upper does not have.</param>
internal sealed class ChangeEffects(ViewLayers layers, ViewEntry entry, bool isBelow, int directories)
{
    private bool IsInUpper => entry.Top.Layer == 0;

    private bool IsFile => entry.Stat.Type == FileType.Regular;

    /// <summary>Puts the effects into an explanation.</summary>
    public EntryExplanation AddTo(EntryExplanation explanation) => explanation with
    {
        Write = IsFile ? Possible(Write()) : null,
        Attributes = Possible(Attributes()),
        Delete = Possible(Delete()),
        Rename = Possible(Rename()),
    };

    private ChangeEffect Possible(ChangeEffect effect) => layers.HasUpper ? effect : new ChangeEffect(ChangeOutcome.ReadOnly);

    private ChangeEffect Write() => entry.Data.Layer == 0
        ? new ChangeEffect(ChangeOutcome.InPlace)
        : new ChangeEffect(ChangeOutcome.CopyUp, entry.Stat.Size, directories);

    private ChangeEffect Attributes()
    {
        if (IsInUpper)
            return new ChangeEffect(ChangeOutcome.InPlace);
        bool leavesData = !IsFile || layers.Reader.Metacopy.IsOn;
        return leavesData ? new ChangeEffect(ChangeOutcome.CopyUpOfMetadata, 0, directories) : Write();
    }

    private ChangeEffect Delete() => isBelow
        ? new ChangeEffect(ChangeOutcome.Whiteout, 0, IsInUpper ? 0 : directories)
        : new ChangeEffect(ChangeOutcome.Removed);

    /// <summary>A directory that merges with lower ones needs a redirect (ovl_rename).</summary>
    private ChangeEffect Rename()
    {
        if (!entry.Stat.IsDirectory)
            return Attributes();
        if (entry.Parts.Parts is [{ Layer: 0 }])
            return new ChangeEffect(ChangeOutcome.InPlace);
        return layers.Reader.Redirect.IsMade
            ? new ChangeEffect(ChangeOutcome.Redirect, 0, directories)
            : new ChangeEffect(ChangeOutcome.CrossDevice);
    }
}
