using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli;

/// <summary><c>overlayfuse changes</c>: what the upper of a live mount changes, as <c>run --diff</c> lists it.</summary>
internal static class ChangesVerb
{
    public const string Name = "changes";

    /// <summary>For copies of large files that are under way, and from one sign of life of the listing to the next.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    public static Command Make()
    {
        var mount = new Argument<string>("MOUNTPOINT") { Description = "A live mount with an upper" };
        var verb = new Command(Name, "Lists what the upper of a live mount changes: A path (added), M path (modified), D path (deleted)") { mount };
        verb.SetAction(words =>
        {
            string at = words.GetRequiredValue(mount);
            using Stream output = Console.OpenStandardOutput();
            Write(at, output);
        });
        return verb;
    }

    /// <summary>Writes the changes of a mount whose upper has all that was written to it so far.</summary>
    /// <exception cref="IOException">The mount does not answer, or has no upper; what was written until then is not all.</exception>
    private static void Write(string mount, Stream output)
    {
        var call = new LiveMountCall(mount) { Patience = s_patience, IsRenewed = true, Sink = reply => output.Write(reply.Data) };
        LiveVerbs.Require(call.Ask(
            new Step(StepKind.Sync), // what is written to mappings
            new Step(StepKind.IoCtl, LiveControl.Settle),
            new Step(StepKind.Changes)).Error, mount, "");
    }
}
