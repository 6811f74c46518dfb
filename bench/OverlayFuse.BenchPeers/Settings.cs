using System.Globalization;
using System.Text.RegularExpressions;

namespace OverlayFuse.BenchPeers;

/// <summary>Who mounts: root, or root of a user namespace that belongs to an ordinary user.</summary>
internal enum Mode
{
    Root,
    Rootless,
}

/// <summary>What is measured; names the files of its results.</summary>
internal enum Suite
{
    /// <summary>The table of kinds of work.</summary>
    Peers,

    /// <summary>The curves.</summary>
    Scale,

    /// <summary>The table of whole jobs.</summary>
    Jobs,
}

/// <summary>What the environment asks for; `make bench-peers NAME=VALUE` passes them on.</summary>
internal sealed record Settings
{
    public const string Kinds = "bare kernel fuse-overlayfs unionfs ours";

    public required Suite Suite { get; init; }

    public required Mode Mode { get; init; }

    /// <summary>Rows whose name matches.</summary>
    public required Regex Only { get; init; }

    public required int Runs { get; init; }

    /// <summary>KIND[=PATH][?MOUNTOPTIONS], see <see cref="UnionProgram.Parse"/>.</summary>
    public required IReadOnlyList<string> Programs { get; init; }

    /// <summary>Small sizes, to try the runner itself; figures mean nothing.</summary>
    public required bool Quick { get; init; }

    /// <summary>Counts system calls instead of measuring time.</summary>
    public required bool Counts { get; init; }

    /// <summary>Processor time of client and daemon in place of the time that passes: what is left to compare on a busy machine.</summary>
    public required bool Cpu { get; init; }

    /// <summary>How long one client may take before it counts as hanging.</summary>
    public required TimeSpan Patience { get; init; }

    /// <summary>Where the work directory is made: a disk file system.</summary>
    public required string Disk { get; init; }

    public static string Repository { get; } = FindRepository();

    /// <summary>All rows, in full size, by the clock: figures that can be shown.</summary>
    public bool IsWhole => !Quick && !Cpu && Only.ToString().Length == 0;

    /// <summary>Where reports go: RESULTS, else bench/results for whole runs and artifacts/bench for others.</summary>
    public string Results => Text("RESULTS", IsWhole ? Path.Combine(Repository, "bench", "results") : PartialResults);

    /// <summary>Where reports go that nobody shows.</summary>
    public string PartialResults => Path.Combine(Repository, "artifacts", "bench");

    public static Settings FromEnvironment(Suite suite) => new()
    {
        Suite = suite,
        Mode = Asked,
        Only = new Regex(Text("ONLY", ""), RegexOptions.IgnoreCase),
        Runs = Number("RUNS", suite == Suite.Scale ? 1 : 3),
        Programs = Text("PROGRAMS", DefaultPrograms(suite, Asked)).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Quick = Number("QUICK", 0) != 0,
        Counts = Number("COUNTS", 0) != 0,
        Cpu = Number("CPU", 0) != 0,
        Patience = TimeSpan.FromSeconds(Number("PATIENCE", suite switch { Suite.Peers => 60, Suite.Scale => 120, _ => 300 })),
        Disk = Text("DISK", "/var/tmp"),
    };

    private static Mode Asked => Enum.Parse<Mode>(Text("MODE", "root"), ignoreCase: true);

    private static string DefaultPrograms(Suite suite, Mode mode) => suite switch
    {
        Suite.Scale => Kinds.Replace("bare ", "", StringComparison.Ordinal),
        Suite.Jobs when mode == Mode.Rootless => "kernel fuse-overlayfs unionfs ours ours?writeback=1 ours?fsync=0",
        Suite.Jobs => "kernel fuse-overlayfs unionfs ours ours?io=passthrough ours?writeback=1 ours?fsync=0",
        _ => Kinds,
    };

    private static string Text(string name, string fallback) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : fallback;

    private static int Number(string name, int fallback) =>
        int.Parse(Text(name, fallback.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    private static string FindRepository()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "OverlayFuse.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException($"no OverlayFuse.sln above {AppContext.BaseDirectory}");
    }
}
