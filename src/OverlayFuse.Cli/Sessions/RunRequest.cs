using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Words;

namespace OverlayFuse.Cli.Sessions;

/// <summary>The words of <c>overlayfuse run</c> or <c>hold</c>, as they were written.</summary>
internal sealed record RunRequest
{
    /// <summary>Topmost first.</summary>
    public required IReadOnlyList<string> Lowers { get; init; }

    public string? Upper { get; init; }

    public string? Keep { get; init; }

    public string? At { get; init; }

    /// <summary>The values of -o.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>The view is the command's root directory.</summary>
    public bool IsRoot { get; init; }

    public bool MapsRoot { get; init; }

    public bool ListsChanges { get; init; }

    /// <summary>The list is JSON.</summary>
    public bool ListsChangesAsJson { get; init; }

    /// <summary>The file for the list. Null: standard output.</summary>
    public string? ChangesFile { get; init; }

    /// <summary>There is no command: all see the view, and it stays until standard input ends.</summary>
    public bool IsHeld { get; init; }

    /// <summary>The place of COMMAND among the program's arguments, the first of which is 0. Null if there is no command.</summary>
    public int? Command { get; init; }

    /// <summary>The upper goes with the session.</summary>
    public bool ThrowsAway => (Upper ?? Keep) is null;

    /// <summary>The mount that the daemon of this session makes.</summary>
    /// <param name="scratch">The session's own directory.</param>
    /// <param name="shared">There are no namespaces, and fusermount3 mounts.</param>
    /// <exception cref="UsageException">A mount option is wrong.</exception>
    public MountRequest ToMount(string scratch, bool shared)
    {
        var line = new CommandLine();
        if (ThrowsAway)
            line.OptionStrings.Add("volatile");
        line.OptionStrings.AddRange(Options);
        line.OptionStrings.Add("lowerdir=" + string.Join(':', Lowers.Select(Escape)));
        line.OptionStrings.Add($"upperdir={Escape(UpperIn(scratch))},workdir={Escape(Path.Combine(scratch, ScratchNames.Work))}");
        line.Positionals.Add(MountPointIn(scratch));
        return MountRequestParser.Parse(line) with { UsesHelper = shared };
    }

    /// <summary>The upper directory of a session. One that does not exist yet is named by its plain path.</summary>
    public string UpperIn(string scratch) =>
        Upper ?? (Keep is null ? Path.Combine(scratch, ScratchNames.Upper) : FullPath.Plain(Keep));

    /// <summary>native/session_scratch.c makes the one in the session's own directory.</summary>
    private string MountPointIn(string scratch) => At ?? (IsHeld ? Path.Combine(scratch, ScratchNames.View) : Lowers[^1]);

    /// <summary>Escapes a path for <see cref="LayerList"/> and <see cref="OptionString"/>.</summary>
    private static string Escape(string path) =>
        path.Replace(@"\", @"\\", StringComparison.Ordinal)
            .Replace(":", @"\:", StringComparison.Ordinal)
            .Replace(",", @"\,", StringComparison.Ordinal);
}
