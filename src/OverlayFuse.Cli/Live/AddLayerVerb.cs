using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Words;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Live;

/// <summary><c>overlayfuse add-layer</c>: a new layer on top of the lower layers of a live mount.</summary>
internal static class AddLayerVerb
{
    public const string Name = VerbWords.AddLayer;

    public static Command Make()
    {
        Argument<string> mount = LiveMountCall.Argument();
        var directory = new Argument<string>("DIR") { Description = "A directory that is in no layer of the mount" };
        var verb = new Command(Name, "Puts a directory on top of the lower layers of a live mount") { mount, directory };
        verb.SetAction(words => Add(words.GetRequiredValue(mount), words.GetRequiredValue(directory)));
        return verb;
    }

    private static void Add(string mount, string directory)
    {
        byte[] path = Linux.Name.From(FullPath.Of(directory)).ToArray();
        Reply last = new LiveMountCall(mount).Ask(
            new Step(StepKind.Look) { Argument = path },
            new Step(StepKind.AddLayer) { Argument = path });
        if (last.Kind == StepKind.Look)
            throw new IOException(last.Error switch
            {
                Errno.EDEADLK => $"{directory}: lies in {mount} itself; name a directory outside of it",
                Errno.ENOTDIR => $"{directory}: is not a directory; name an existing directory",
                _ => $"{directory}: cannot be looked at ({last.Error}); name an existing directory",
            });
        LiveRefusal.Require(last.Error, mount, directory);
    }
}
