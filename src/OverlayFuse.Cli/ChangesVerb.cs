using System.CommandLine;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli;

/// <summary><c>overlayfuse changes</c>: what the upper of a live mount changes, as <c>run --diff</c> lists it.</summary>
internal static class ChangesVerb
{
    public const string Name = "changes";

    public static Command Make()
    {
        var mount = new Argument<string>("MOUNTPOINT") { Description = "A live mount with an upper" };
        var verb = new Command(Name, "Lists what the upper of a live mount changes: A path (added), M path (modified), D path (deleted)") { mount };
        verb.SetAction(words =>
        {
            string at = words.GetRequiredValue(mount);
            LiveVerbs.With(at, root => RunChanges.Write(List(root, at), Console.OpenStandardOutput()));
        });
        return verb;
    }

    /// <summary>The changes of a mount whose upper has all that was written to it so far.</summary>
    /// <exception cref="IOException">The mount does not answer, or has no upper.</exception>
    private static IReadOnlyList<ViewChange> List(Fd root, string mount)
    {
        _ = Sys.SyncFs(root); // what is written to mappings; an error is the writers' own
        LiveVerbs.Require(Sys.IoCtl(root, LiveControl.Settle, default), mount, "");
        LiveVerbs.Require(LiveControl.Ask(root, out LiveStatistics told), mount, "");
        ILookup<string, string> layers = LiveVerbs.Layers(root).ToLookup(layer => layer.Role, layer => layer.Path);
        var options = new OverlayOptions
        {
            LowerDirs = [.. layers["lower"]],
            UpperDir = layers["upper"].SingleOrDefault() ?? throw new IOException($"{mount}: is read-only: without an upper nothing is changed"),
            UserXattr = told.UserXattr != 0,
            AufsWhiteouts = told.AufsWhiteouts != 0,
        };
        return ViewChanges.List(options, told.BelievesOverrides != 0);
    }
}
