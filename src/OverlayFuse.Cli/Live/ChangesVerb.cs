using System.CommandLine;
using OverlayFuse.Cli.Asking;
using OverlayFuse.Cli.Native;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Live;

/// <summary><c>overlayfuse changes</c>: what the upper of a live mount changes, in the form of <c>run --diff</c>.</summary>
internal static class ChangesVerb
{
    public const string Name = VerbWords.Changes;

    /// <summary>Time limit for copies of large files that are under way, and between two signs of life of the listing.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    public static Command Make()
    {
        var mount = new Argument<string>("MOUNTPOINT") { Description = "A live mount with an upper" };
        Option<bool> json = JsonOutput.Option();
        const string help = "Lists what the upper of a live mount changes\nA path: added. M path: modified. D path: deleted.";
        var verb = new Command(Name, help) { mount, json };
        verb.SetAction(words =>
        {
            string at = words.GetRequiredValue(mount);
            using Stream output = StandardStreams.OpenOutput();
            bool asJson = words.GetValue(json);
            Write(at, asJson, !asJson && Inks.OnOutput ? ChangeLines.Painted(output.Write) : output.Write);
        });
        return verb;
    }

    /// <summary>Lets the upper get all that was written to the mount so far, then writes the changes.</summary>
    /// <exception cref="IOException">The mount does not answer, or has no upper. Then the lines that were written are not all.</exception>
    private static void Write(string mount, bool asJson, ByteSink output)
    {
        var call = new LiveMountCall(mount) { Patience = s_patience, IsRenewed = true, Sink = reply => output(reply.Data) };
        LiveRefusal.Require(call.Ask(
            // Stores into mappings come by a sync.
            new Step(StepKind.Sync),
            new Step(StepKind.IoCtl, LiveControl.Settle),
            new Step(StepKind.Changes, asJson ? 1U : 0)).Error, mount);
    }
}
