namespace OverlayFuse.Cli.Sessions;

/// <summary>COMMAND ARG... of <c>overlayfuse run</c>: the words after "--". native/session.c has them with all their bytes.</summary>
internal static class RunCommand
{
    private const string Mark = "--";

    /// <summary>The place of COMMAND among the program's arguments, the first of which is 0. Null if there is no command.</summary>
    public static int? Place => PlaceIn(Environment.GetCommandLineArgs().AsSpan(1));

    /// <summary>The words that belong to the verb.</summary>
    public static string[] Without(string[] args) =>
        args is [RunVerb.Name, ..] && Array.IndexOf(args, Mark) is var mark and > 0 ? args[..mark] : args;

    internal static int? PlaceIn(ReadOnlySpan<string> args) =>
        args.IndexOf(Mark) is var mark and > 0 && mark + 1 < args.Length ? mark + 1 : null;
}
