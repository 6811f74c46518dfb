using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Native;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Live;

/// <summary><c>overlayfuse refresh</c>: a fresh look at the layers of a live mount.</summary>
internal static class RefreshVerb
{
    public const string Name = VerbWords.Refresh;

    public static Command Make()
    {
        Argument<string> mount = LiveMountCall.Argument();
        var verb = new Command(Name, "Shows what was changed in the layers of a live mount behind its back") { mount };
        verb.SetAction(words => Refresh(words.GetRequiredValue(mount)));
        return verb;
    }

    private static void Refresh(string mount) =>
        LiveRefusal.Require(new LiveMountCall(mount).Ask(new Step(StepKind.IoCtl, LiveControl.Refresh)).Error, mount);
}
