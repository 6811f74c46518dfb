using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Mounts;
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
        Option<bool> json = JsonOutput.Option();
        var verb = new Command(Name, "Lists the layers of a live mount, topmost first") { mount, json };
        verb.SetAction(words => Print(Console.Out, Layers(words.GetRequiredValue(mount)), words.GetValue(json)));
        return verb;
    }

    private static void Print(TextWriter output, List<MountLayer> layers, bool asJson)
    {
        if (asJson)
            output.WriteLine(JsonOutput.Of(layers));
        foreach (MountLayer layer in asJson ? [] : layers)
            output.WriteLine(PlainText.Escape($"{layer.Role} {layer.Path}"));
    }

    private static List<MountLayer> Layers(string mount)
    {
        var replies = new List<Reply>();
        Errno error = new LiveMountCall(mount) { Sink = replies.Add }.Ask(Step.AllLayers).Error;
        // The child asks until there is no further layer.
        if (error != Errno.ENOENT)
            LiveRefusal.Require(error, mount);
        var layers = new List<MountLayer>();
        foreach (Reply reply in replies.SkipLast(1))
        {
            (string role, string path) = LiveControl.ReadLayer(reply.Data);
            layers.Add(new MountLayer(role, path));
        }
        return layers;
    }
}
