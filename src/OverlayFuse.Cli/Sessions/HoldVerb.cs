using System.CommandLine;
using OverlayFuse.Cli.Native;

namespace OverlayFuse.Cli.Sessions;

/// <summary><c>overlayfuse hold</c>: a session without a command, for programs that want a throw-away view (native/session.c).</summary>
internal static class HoldVerb
{
    public const string Name = VerbWords.Hold;

    private const string Help =
        "Holds a throw-away view while standard input is open; for tests\n" +
        "  overlayfuse hold --lower DIR [OPTION...]\n" +
        "Prints the path of the view when it can be used. All your processes see it there. Each line on\n" +
        "standard input throws the changes away (not with --upper and --keep), and the path is printed\n" +
        "again. At the end of input the view and what belongs to it are removed, also when it is in use.\n" +
        "Exit status: 0, or 125 if overlayfuse itself failed.";

    public static Command Make()
    {
        var session = new SessionWords("one in TMPDIR or beside the upper");
        var verb = new Command(Name, Help);
        session.AddTo(verb);
        verb.SetAction(words => Session.Act(session.Read(words) with { IsHeld = true }));
        return verb;
    }
}
