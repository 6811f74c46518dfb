using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using OverlayFuse.Overlay.Seeing;
using OverlayFuse.Tools.Stacks;

namespace OverlayFuse.Tools.Explain;

/// <summary><c>overlayfuse tree</c>: the merged tree with the layers of each entry.</summary>
internal static class TreeVerb
{
    public const string Name = ToolWords.Tree;

    private const string Help =
        "Lists a merged directory with the layer of each entry\n" +
        "  2 etc/hosts                  from layer 2\n" +
        "  0+2 etc/                     a directory of layers 0 and 2, or metadata of 0 and data of 2\n" +
        "  -3 etc/motd: a whiteout ...  hidden in layer 3 (--hidden)";

    public static Command Make()
    {
        var path = new Argument<string>("DIR")
        {
            Description = "A directory below a live mount; for layers at rest a path from their root, or /",
        };
        var hidden = new Option<bool>("--hidden") { Description = "Also list what the layers hold and the view does not show" };
        var one = new Option<bool>("--here") { Description = "Only the directory itself, as ls does" };
        Option<bool> json = JsonOutput.Option();
        var verb = new Command(Name, Help) { path, hidden, one, json };
        var stack = new StackWords();
        stack.AddTo(verb);
        verb.SetAction(words =>
        {
            using StackView view = stack.Open(words, path, out string inside);
            using var output = new StreamWriter(StandardStreams.OpenOutput(), new UTF8Encoding(false), 1 << 16);
            var options = new TreeOptions(!words.GetValue(one), words.GetValue(hidden));
            if (words.GetValue(json))
                WriteObjects(view, inside, options, output);
            else
                view.List(inside, options, entry => output.Write(Line(view, entry) + "\n"));
        });
        return verb;
    }

    private static void WriteObjects(StackView view, string path, TreeOptions options, StreamWriter output)
    {
        bool isBegun = false;
        view.List(path, options, entry =>
        {
            output.Write(isBegun ? ",\n" : "[\n");
            isBegun = true;
            output.Write(Object(entry));
        });
        output.Write(isBegun ? "\n]\n" : "[]\n");
    }

    private static string Line(StackView view, TreeEntry entry)
    {
        string path = PlainText.Escape(entry.Path + (entry.Type == Linux.FileType.Directory ? "/" : ""));
        if (entry.Hidden is not { } hidden)
            return $"{string.Join('+', entry.Layers)} {path}";
        string reason = hidden.IsPassedBy ? "a redirect leads to another name"
            : hidden.HiddenBy!.Layer == hidden.Layer ? "another type than the entry above"
            : $"{LayerWords.Noun(hidden.HiddenBy.Reason)} in layer {LayerWords.Label(view, hidden.HiddenBy.Layer)}";
        return string.Create(CultureInfo.InvariantCulture, $"-{hidden.Layer} {path}: {reason}");
    }

    private static string Object(TreeEntry entry)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, JsonOutput.OnOneLine))
        {
            json.WriteStartObject();
            JsonOutput.WritePath(json, "path", entry.Path);
            json.WriteString("type", LayerWords.Type(entry.Type));
            json.WriteBoolean("shown", entry.Hidden is null);
            json.WriteStartArray("layers");
            foreach (int layer in entry.Hidden is { } hidden ? [hidden.Layer] : entry.Layers)
                json.WriteNumberValue(layer);
            json.WriteEndArray();
            JsonOutput.WriteNumber(json, "hidden_by_layer", entry.Hidden?.HiddenBy?.Layer);
            if (entry.Hidden?.HiddenBy is { } hiding)
                json.WriteString("reason", LayerWords.Key(hiding.Reason));
            else if (entry.Hidden is not null)
                json.WriteString("reason", "redirect");
            else
                json.WriteNull("reason");
            json.WriteEndObject();
        }
        return PlainText.EscapeJson(Encoding.UTF8.GetString(text.ToArray()));
    }
}
