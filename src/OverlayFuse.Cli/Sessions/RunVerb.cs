using System.CommandLine;
using OverlayFuse.Cli.Native;

namespace OverlayFuse.Cli.Sessions;

/// <summary><c>overlayfuse run</c>: a command in a private merged view.</summary>
internal static class RunVerb
{
    public const string Name = VerbWords.Run;

    private const string Help =
        "Runs a command in a writable view of DIR and discards the changes\n" +
        "  overlayfuse run --lower DIR [OPTION...] -- COMMAND [ARG...]\n" +
        "Only COMMAND and its children see the view. It lies over the bottom --lower and ends with COMMAND.\n" +
        "Where user namespaces are allowed, neither root nor a setuid program is needed.\n" +
        "--diff lists a line for each change: A path (added), M path (modified), D path (deleted).\n" +
        "Exit status: that of COMMAND, or 128+N if signal N ended it. 127: COMMAND was not found.\n" +
        "126: COMMAND could not be started. 125: overlayfuse itself failed.";

    public static Command Make()
    {
        var session = new SessionWords("the bottom --lower");
        var root = new Option<string>("--root")
        {
            Description = "Bottom layer and root directory of COMMAND, with this system's /proc, /sys, /dev",
            HelpName = "DIR",
        };
        var mapRoot = new Option<bool>("--map-root")
        {
            Description = "COMMAND sees itself as root; an ordinary user gains no rights by it",
        };
        var diff = new Option<string?>("--diff")
        {
            Description = "At the end list what the upper changes, on stdout or by --diff=FILE in FILE",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = new Option<bool>("--json") { Description = "--diff prints an array of objects, for programs" };
        var verb = new Command(Name, Help) { root, mapRoot, diff, json };
        session.AddTo(verb);
        verb.SetAction(words => Session.Act(session.Read(words) with
        {
            Lowers = [.. session.Read(words).Lowers, .. words.GetValue(root) is { } bottom ? new[] { bottom } : []],
            IsRoot = words.GetValue(root) is not null,
            MapsRoot = words.GetValue(mapRoot),
            ListsChanges = words.GetResult(diff) is not null,
            ListsChangesAsJson = words.GetValue(json),
            ChangesFile = words.GetValue(diff),
            Command = RunCommand.Place,
        }));
        return verb;
    }
}
