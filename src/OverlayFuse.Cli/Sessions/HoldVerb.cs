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
        "Prints the path of the view when it can be used. All your processes see it there. An empty line\n" +
        "on standard input throws the changes away (not with --upper and --keep), and the path is printed\n" +
        "again. The line 'end' and the end of input remove the view and what belongs to it, also when it is\n" +
        "in use. The line 'keep DIR' does so too, and the changes become DIR, on the file system of TMPDIR.\n" +
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
