using System.CommandLine;
using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Seeing;
using OverlayFuse.Tools.Stacks;

namespace OverlayFuse.Tools.Explain;

/// <summary><c>overlayfuse cat-layer</c>: the content of a file as one layer has it, shown or hidden.</summary>
internal static class CatLayerVerb
{
    public const string Name = ToolWords.CatLayer;

    private const int BufferSize = 1 << 17;

    private const string Help =
        "Prints a file as one layer has it, shown or hidden\n" +
        "  overlayfuse cat-layer 2 MOUNTPOINT/etc/hosts\n" +
        "'overlayfuse explain PATH' shows the numbers of the layers.";

    public static Command Make()
    {
        var number = new Argument<int>("LAYER") { Description = "The number of the layer: 0 the upper, 1 the topmost lower one" };
        Argument<string> path = StackWords.PathArgument();
        var verb = new Command(Name, Help) { number, path };
        var stack = new StackWords();
        stack.AddTo(verb);
        verb.SetAction(words =>
        {
            using StackView view = stack.Open(words, path, out string inside);
            using var file = new ScopedFd(Open(view, words.GetRequiredValue(number), inside));
            using Stream output = StandardStreams.OpenOutput();
            Copy(file, output, inside);
        });
        return verb;
    }

    /// <exception cref="IOException">The layer has no such regular file.</exception>
    private static Fd Open(StackView view, int number, string path)
    {
        if (view.Layers.All(layer => layer.Number != number))
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{number}: no layer has that number; the numbers go from "
                + $"{view.Layers[0].Number} to {view.Layers[^1].Number}, see 'overlayfuse explain'"));
        string layer = LayerWords.Label(view, number);
        LayerEntryExplanation held = view.Explain(path).Layers.FirstOrDefault(
            one => one.Layer == number && one is { Form: EntryForm.File, Stat.Type: FileType.Regular })
            ?? throw new IOException($"{path}: layer {layer} has no regular file there; "
                + "'overlayfuse explain' shows the layers that have one");
        Errno error = view.Open(number, held.Place, out Fd file);
        return error == Errno.None ? file
            : throw new IOException($"{path}: cannot be read in layer {layer} ({error}); run this as a user that may read it");
    }

    private static void Copy(Fd file, Stream output, string path)
    {
        byte[] buffer = new byte[BufferSize];
        for (long at = 0; ;)
        {
            Errno error = Sys.PRead(file, buffer, at, out int count);
            if (error != Errno.None)
                throw new IOException($"{path}: cannot be read ({error}); the disk of the layer has an error");
            if (count == 0)
                return;
            output.Write(buffer, 0, count);
            at += count;
        }
    }
}
