using System.Globalization;
using System.Text;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Seeing;

namespace OverlayFuse.Tools.Explain;

/// <summary>Writes an explanation for people: one fact a line.</summary>
/// <param name="view">The layers.</param>
/// <param name="hasColours">True if a terminal shows it.</param>
internal sealed class ExplanationText(StackView view, bool hasColours)
{
    /// <summary>Bytes: a longer value of an xattr is cut.</summary>
    private const int LongestValue = 64;

    /// <summary>Writes all lines.</summary>
    public void Write(TextWriter output, EntryExplanation entry)
    {
        output.WriteLine(Line(Shown(entry)));
        foreach (string line in Sources(entry).Select(PlainText.Escape))
            output.WriteLine(line);
        foreach (LayerEntryExplanation layer in entry.Layers)
            output.WriteLine(Layer(layer));
        foreach (string line in entry.Layers.SelectMany(Xattrs).Concat(Effects(entry)).Select(PlainText.Escape))
            output.WriteLine(line);
    }

    private static string Line(string text) => PlainText.Escape(text);

    private static string Shown(EntryExplanation entry)
    {
        string path = entry.Path.Length == 0 ? "/" : entry.Path;
        if (!entry.IsShown)
            return $"{path}: not shown";
        LayerEntryExplanation? top = entry.Layers.FirstOrDefault(layer => layer.GivesMetadata);
        return entry.IsBroken || top is null ? $"{path}: listed, but a mark of its layer cannot be followed: opening it fails"
            : $"{path}: {Attributes(top)}";
    }

    private static string Attributes(LayerEntryExplanation entry)
    {
        Statx stat = entry.Stat;
        string kind = LayerWords.Type(stat.Type) + (entry.Target is { } target ? $" to {target}" : "");
        string size = stat.Type == FileType.Regular ? string.Create(CultureInfo.InvariantCulture, $", {stat.Size} bytes") : "";
        string links = stat.Nlink > 1 && !stat.IsDirectory ? string.Create(CultureInfo.InvariantCulture, $", {stat.Nlink} links") : "";
        string mode = Convert.ToString(stat.Mode & 0xFFF, 8);
        return string.Create(CultureInfo.InvariantCulture, $"{kind}{size}, mode {mode}, owner {stat.Uid}:{stat.Gid}{links}");
    }

    private IEnumerable<string> Sources(EntryExplanation entry)
    {
        foreach (LayerEntryExplanation layer in entry.Layers.Where(layer => layer.GivesData))
            yield return $"data from: {PathOf(layer)}";
        foreach (LayerEntryExplanation layer in entry.Layers.Where(layer => layer.GivesMetadata))
            yield return $"metadata from: {PathOf(layer)}";
        foreach (LayerEntryExplanation layer in entry.Layers.Where(layer => layer.IsPart))
            yield return $"entries from: {PathOf(layer)}";
    }

    private string PathOf(LayerEntryExplanation entry) => Path.Combine(LayerWords.Of(view, entry.Layer).Path, entry.Place);

    private string Layer(LayerEntryExplanation entry)
    {
        var text = new StringBuilder(Line($"layer {LayerWords.Label(view, entry.Layer)}: {Held(entry)}"));
        if (entry.HasAufsMark)
            _ = text.Append("; a .wh. mark beside it hides the layers below");
        if (entry.IsPassedBy)
            _ = text.Append("; ").Append(Painted(Ink.Red, "hidden")).Append(": a redirect leads to another name");
        else if (entry.HiddenBy is { } hiding)
            _ = text.Append("; ").Append(Painted(Ink.Red, "hidden")).Append(Line(Why(entry, hiding)));
        else if (entry.GivesData || entry.GivesMetadata || entry.IsPart)
            _ = text.Append("; ").Append(Painted(Ink.Green, "shown"));
        return text.ToString();
    }

    private string Painted(Ink ink, string word) => hasColours ? ink.Paint(word) : word;

    private static string Held(LayerEntryExplanation entry) => entry.Form switch
    {
        EntryForm.Nothing => "nothing",
        EntryForm.Unreadable => $"{entry.Place} cannot be read; run this as a user that may",
        EntryForm.WhiteoutDevice => $"{entry.Place} is a whiteout (device 0:0)",
        EntryForm.WhiteoutFile => $"{entry.Place} is a whiteout (file with an xattr)",
        _ => $"{(entry.Place.Length == 0 ? "/" : entry.Place)} is a {Attributes(entry)}",
    };

    private string Why(LayerEntryExplanation entry, Hiding hiding) => hiding.Layer == entry.Layer
        ? ": it has another type than the entry above"
        : $": {hiding.Path} is {LayerWords.Noun(hiding.Reason)} in layer {LayerWords.Label(view, hiding.Layer)}";

    private IEnumerable<string> Xattrs(LayerEntryExplanation entry)
    {
        foreach (EntryXattr xattr in entry.Xattrs)
            yield return $"xattr in layer {LayerWords.Label(view, entry.Layer)}: {xattr.Name} = {Value(xattr.Value)}";
        if (entry.Origin is { } origin)
            yield return $"origin in layer {LayerWords.Label(view, entry.Layer)}: {Origin(origin)}";
    }

    private string Origin(OriginAnswer origin) => origin switch
    {
        { Layer: { } layer } => $"copied from layer {LayerWords.Label(view, layer)}",
        { Ino: { } ino } => string.Create(CultureInfo.InvariantCulture, $"copied from inode {ino}, which has another name now"),
        _ => "copied from a file that is not on the file systems of the layers",
    };

    /// <summary>A value of text is shown as it is.</summary>
    private static string Value(byte[] value)
    {
        bool isText = value.AsSpan().IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0;
        ReadOnlySpan<byte> shown = value.AsSpan(0, Math.Min(value.Length, LongestValue));
        string text = isText ? $"\"{Encoding.ASCII.GetString(shown)}\"" : "0x" + Convert.ToHexStringLower(shown);
        return shown.Length < value.Length ? text + "..." : text;
    }

    private static IEnumerable<string> Effects(EntryExplanation entry)
    {
        (string Change, ChangeEffect? Effect)[] all =
            [("write", entry.Write), ("chmod", entry.Attributes), ("delete", entry.Delete), ("rename", entry.Rename)];
        foreach ((string change, ChangeEffect? effect) in all)
        {
            if (effect is not null)
                yield return $"{change}: {Effect(effect)}{Whiteout(change, entry)}";
        }
    }

    /// <summary>A renamed file that lower layers have leaves a whiteout, as a deleted one does.</summary>
    private static string Whiteout(string change, EntryExplanation entry) =>
        change == "rename" && entry.Delete?.Outcome == ChangeOutcome.Whiteout && entry.Rename?.Outcome != ChangeOutcome.CrossDevice
            ? "; leaves a whiteout under the old name" : "";

    private static string Effect(ChangeEffect effect)
    {
        string parents = effect.Directories switch
        {
            0 => "",
            1 => "; copies the directory above up",
            _ => string.Create(CultureInfo.InvariantCulture, $"; copies {effect.Directories} directories above up"),
        };
        return effect.Outcome switch
        {
            ChangeOutcome.ReadOnly => "refused (EROFS): there is no upper",
            ChangeOutcome.InPlace => "in the upper, nothing is copied",
            ChangeOutcome.CopyUp => string.Create(CultureInfo.InvariantCulture, $"copies {effect.Bytes} bytes up{parents}"),
            ChangeOutcome.CopyUpOfMetadata => $"copies owner, mode and xattrs up, no data{parents}",
            ChangeOutcome.Removed => "removes it from the upper, no whiteout",
            ChangeOutcome.Whiteout => $"leaves a whiteout{parents}",
            ChangeOutcome.Redirect => $"marks the directory with a redirect, its content stays below{parents}",
            _ => "refused (EXDEV): mv copies the whole directory; redirect_dir=on avoids that",
        };
    }
}
