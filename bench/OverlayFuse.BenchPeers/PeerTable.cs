using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>The rows, and what must be reached in each.</summary>
internal sealed class PeerTable(bool quick)
{
    private readonly LayerSet _project = LayerSet.Project(files: quick ? 400 : 4000, mebibytes: quick ? 32 : 512);
    private readonly LayerSet _stack = LayerSet.Names("stack", layers: 128, names: quick ? 256 : 1024);
    private readonly LayerSet _wide = LayerSet.Names("wide", layers: 8, names: quick ? 2000 : 50_000);
    private readonly LayerSet _image = LayerSet.Image(files: quick ? 2000 : 90_000);
    private static readonly string[] Sync = ["sync"];
    private readonly string _files = Text(quick ? 400 : 4000);
    private readonly string _new = Text(quick ? 300 : 3000);
    private readonly string _pages = Text(quick ? 2000 : 20_000);

    public IEnumerable<Row> Rows => [.. Reading(), .. Writing(), .. Changing(), .. Names(), .. Programs(), .. Mounting()];

    private IEnumerable<Row> Reading() =>
    [
        new("stat the whole tree", _project, Fresh("fresh mount", Target.Ratio(1.3), "stat-tree", "tree"),
            Again("again", Target.Ratio(1.0), "stat-tree", "tree")),
        new("walk again, by os.walk and lstat", _project, Fresh("first time", Target.Ratio(1.3), "walk-paths", "tree"),
            Again("second time", Target.Ratio(1.0), "walk-paths", "tree"),
            Again("third time", Target.Ratio(1.0), "walk-paths", "tree")),
        new("read every small file", _project, Fresh("fresh mount", Target.Ratio(4), "read-tree", "tree"),
            Again("again", Target.Ratio(1.1), "read-tree", "tree")),
        new("read 512 MiB", _project, Fresh("fresh mount", new Target(1.0, 1.1), "read-file", "large"),
            Again("again", Target.Ratio(1.0), "read-file", "large")),
        new("20,000 places of 512 MiB, fresh mount", _project, Fresh("pread of 4 KiB", new Target(0.9, 3), "random-reads", "large", _pages),
            Fresh("mmap touch", new Target(0.5, 3), "random-touches", "large", _pages)),
    ];

    private IEnumerable<Row> Writing() =>
    [
        new("write", _project,
            Changing("256 MiB in sequence", Target.Ratio(1.3), "sequential-write", "new", quick ? "16" : "256") with { Fresh = true,
                Before = [Sync] },
            Changing("50,000 times 512 B", Target.Ratio(1.5), "small-writes", "small", quick ? "5000" : "50000", "512"),
            Changing("20,000 random pages", Target.Ratio(1.0), "random-writes", "new", _pages) with { Before = [Sync] }),
        new("3,000 new files", _project,
            Changing("create, write, chmod, utime", Target.Ratio(1.2), "create-files", "made", _new) with { Fresh = true,
                Before = [Sync, ["make-directory", "made"]] },
            Changing("rename", Target.Ratio(4), "rename-files", "made", _new),
            Changing("unlink", Target.Ratio(4), "unlink-files", "made", _new)),
    ];

    private IEnumerable<Row> Changing() =>
    [
        new("first 4 KiB write into a lower file", _project,
            Changing("of 512 MiB", Target.Ratio(0.02), "first-write", "large") with { Fresh = true, Before = [Sync] }),
        new("change 4,000 lower files", _project,
            Changing("chmod", Target.Ratio(0.3), "chmod-files", "tree", _files) with { Fresh = true, Before = [Sync] },
            Changing("append", Target.Ratio(0.5), "append-files", "tree", _files) with { Fresh = true, Before = [Sync] }),
        new("rm -rf of the lower tree", _project,
            Changing("rm -rf", Target.Ratio(2), "remove-tree", "tree") with { Fresh = true, Before = [Sync] }),
    ];

    private IEnumerable<Row> Names() =>
    [
        new("names in 128 layers, fresh mount", _stack,
            Fresh("1,024 lookups", Target.Ratio(0.1), "lookup-names", "deep", quick ? "256" : "1024"),
            Fresh("1,000 misses", Target.Ratio(0.1), "miss-names", "deep", "1000")),
        new("50,000 entries, fresh mount", _wide,
            Fresh("list", Target.Ratio(1.3), "list-directory", "deep"),
            Fresh("stat", Target.Ratio(1.5), "stat-directory", "deep"),
            Fresh("list, then walk and stat each", Target.Ratio(1.5), "list-then-stat", "deep")),
    ];

    private IEnumerable<Row> Programs() =>
    [
        new("git", _project,
            Changing("init, add -A", Target.Ratio(2), "run", "tree", "sh", "-c", "git init -q && git add -A") with { Fresh = true,
                Before = [Sync] },
            Changing("commit", Target.Ratio(1.3), "run", "tree", "git", "commit", "-qm", "all"),
            Changing("status", Target.Ratio(1.0), "run", "tree", "git", "status", "--porcelain"),
            Changing("status again", Target.Ratio(1.0), "run", "tree", "git", "status", "--porcelain")),
        new("commit of a one-line change", _image,
            Changing("on a 90,000-file image", null, "compare-trees", BelowMerged(_image, "tree"), "tree", "1") with { Fresh = true,
                Before = [["append-files", "tree", "1"], Sync] }),
        new("two processes read everything", _project, Fresh("fresh mount", Target.Ratio(1.5), "parallel-read", ".", "2")),
    ];

    private IEnumerable<Row> Mounting() =>
    [
        new("mount until the first readdir", _project, new MountTime("8 layers", Target.AtMost(0.006)) { Fresh = true }),
        new("mount until the first readdir", _stack, new MountTime("128 layers", Target.AtMost(0.008)) { Fresh = true }),
        new("resident memory", _project, new IdleMemory("idle", Target.AtMost(5e6)) { Fresh = true }),
        new("resident memory", _wide, new InodeMemory("a known inode", Target.AtMost(200)) { Fresh = true }),
    ];

    private static ActionTime Fresh(string label, Target target, params string[] action) => new(label, target, action) { Fresh = true };

    private static ActionTime Again(string label, Target target, params string[] action) => new(label, target, action);

    private static ActionTime Changing(string label, Target? target, params string[] action) =>
        new(label, target, action) { Changes = true };

    /// <summary>What is in a set's lowest layer, as seen from a merged view.</summary>
    private static string BelowMerged(LayerSet set, string name) => $"../../{set.Name}/layers/{set.Lowers[^1]}/{name}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
