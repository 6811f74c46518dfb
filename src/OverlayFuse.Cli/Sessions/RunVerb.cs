using System.CommandLine;

namespace OverlayFuse.Cli;

/// <summary>
/// <c>overlayfuse run</c>: a command in a private merged view. The same words are read in each process of the session; what it does
/// depends on its role (native/session.c, and "A session" in src/ARCHITECTURE.md).
/// </summary>
internal static class RunVerb
{
    /// <summary>Keep in step with native/command_line.c and native/session.c.</summary>
    public const string Run = "run";

    private const string CommandMark = "--";

    private const string Help =
        "Runs a command that sees DIR as if it could write there, and throws the changes away\n" +
        "  overlayfuse run --lower DIR [OPTION...] -- COMMAND [ARG...]\n" +
        "The view lies over the bottom --lower, for the command and its children alone; it ends with COMMAND. Needs neither root nor setuid\n" +
        "programs where user namespaces are allowed. The exit status is COMMAND's, 128+N when signal N ended it; 127: not found,\n" +
        "126: cannot be started, 125: overlayfuse itself failed.";

    /// <summary>What stands before the command; all words of another verb.</summary>
    public static string[] WithoutCommand(string[] args) =>
        args is [Run, ..] && Array.IndexOf(args, CommandMark) is var mark and > 0 ? args[..mark] : args;

    /// <summary>The verb, for one command line.</summary>
    public static Command Create(string[] args)
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
        var verb = new Command(Run, Help) { root, mapRoot, diff };
        session.AddTo(verb);
        verb.SetAction(words => Act(session.Read(words) with
        {
            Lowers = [.. session.Read(words).Lowers, .. words.GetValue(root) is { } bottom ? new[] { bottom } : []],
            IsRoot = words.GetValue(root) is not null,
            MapsRoot = words.GetValue(mapRoot),
            ListsChanges = words.GetResult(diff) is not null,
            ChangesFile = words.GetValue(diff),
            Command = Array.IndexOf(args, CommandMark) is var mark and > 0 ? mark + 1 : args.Length,
            WordCount = args.Length,
        }));
        return verb;
    }

    /// <summary>Does the part of a session that this process was started for.</summary>
    /// <exception cref="IOException">The program is not the published one, or something cannot be opened.</exception>
    public static int Act(RunRequest request)
    {
        switch (NativeSession.Role)
        {
            case SessionRole.Plan:
                RunPlan.Make(request);
                return 0;
            case SessionRole.Serve:
                int status = Daemon.Run(request.ToMount(NativeSession.Scratch, NativeSession.IsShared), new Lifeline(NativeSession.Lifeline));
                NativeSession.Ended();
                return status;
            case SessionRole.Diff:
                RunChanges.List(request, NativeSession.Scratch);
                return 0;
            default:
                throw new IOException("a build by 'dotnet run' cannot hold a session; use the published program (make publish)");
        }
    }
}
