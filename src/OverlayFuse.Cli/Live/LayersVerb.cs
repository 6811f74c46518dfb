using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Native;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Live;

/// <summary><c>overlayfuse layers</c>: the layers of a live mount.</summary>
internal static class LayersVerb
{
    public const string Name = VerbWords.Layers;

    public static Command Make()
    {
        Argument<string> mount = LiveMountCall.Argument();
        var verb = new Command(Name, "Lists the layers of a live mount, topmost first") { mount };
        verb.SetAction(words => Print(words.GetRequiredValue(mount)));
        return verb;
    }

    private static void Print(string mount)
    {
        var layers = new List<Reply>();
        Errno error = new LiveMountCall(mount) { Sink = layers.Add }.Ask(Step.AllLayers).Error;
        // The child asks until there is no further layer.
        if (error != Errno.ENOENT)
            LiveRefusal.Require(error, mount);
        foreach (Reply layer in layers.SkipLast(1))
        {
            (string role, string path) = LiveControl.ReadLayer(layer.Data);
            Console.Out.WriteLine(PlainText.Escape($"{role} {path}"));
        }
    }
}
