using System.CommandLine;
using OverlayFuse.Cli.Native;

namespace OverlayFuse.Cli.Sessions;

/// <summary><c>overlayfuse run</c>: a command in a private merged view.</summary>
internal static class RunVerb
{
    public const string Name = VerbWords.Run;

    private const string Help =
        "Runs a command that sees DIR as if it could write there, and throws the changes away\n" +
        "  overlayfuse run --lower DIR [OPTION...] -- COMMAND [ARG...]\n" +
        "The view lies over the bottom --lower, for the command and its children alone; it ends with COMMAND. Needs neither root nor setuid\n" +
        "programs where user namespaces are allowed. The exit status is COMMAND's, 128+N when signal N ended it; 127: not found,\n" +
        "126: cannot be started, 125: overlayfuse itself failed.";

    public static Command Make()
    {
        var session = new SessionWords("the bottom --lower");
        var root = new Option<string>("--root") { Description = "A root file system: the bottom layer, and the view is COMMAND's root directory, with /proc, /sys and /dev of this system", HelpName = "DIR" };
        var mapRoot = new Option<bool>("--map-root") { Description = "COMMAND sees itself as root (an ordinary user's: of a user namespace, with his own rights)" };
        var diff = new Option<string?>("--diff")
        {
            Description = "At the end list what the upper changes, to stdout or --diff=FILE: A path (added), M path (modified), D path (deleted)",
            HelpName = "FILE",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var verb = new Command(Name, Help) { root, mapRoot, diff };
        session.AddTo(verb);
        verb.SetAction(words => Session.Act(session.Read(words) with
        {
            Lowers = [.. session.Read(words).Lowers, .. words.GetValue(root) is { } bottom ? new[] { bottom } : []],
            IsRoot = words.GetValue(root) is not null,
            MapsRoot = words.GetValue(mapRoot),
            ListsChanges = words.GetResult(diff) is not null,
            ChangesFile = words.GetValue(diff),
            Command = RunCommand.Place,
        }));
        return verb;
    }
}
