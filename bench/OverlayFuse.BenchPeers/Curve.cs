using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>How a figure grows with a size: the measurements of all rows, one after the other, are the points.</summary>
/// <param name="Name">Names its files.</param>
/// <param name="Title">Of the chart.</param>
/// <param name="XLabel">What grows.</param>
/// <param name="YLabel">What is shown.</param>
/// <param name="Rows">From small to large; a program that fails in one is left out of those that follow.</param>
internal sealed record Curve(string Name, string Title, string XLabel, string YLabel, IReadOnlyList<Row> Rows)
{
    /// <summary>The size of each measurement.</summary>
    public required IReadOnlyList<int> Sizes { get; init; }

    /// <summary>From a median and its size to what is shown.</summary>
    public required Func<double, int, double> Show { get; init; }
}

/// <summary>The daemon's memory when the kernel knows the files of these directories, too.</summary>
internal sealed record KnownInodes(string Label, IReadOnlyList<string> Directories) : Measurement(Label, null)
{
    public override Unit Unit => Unit.Bytes;

    public override Outcome Take(Turn turn)
    {
        foreach (string directory in Directories)
        {
            if (turn.Client("stat-directory", directory) is { Failure: not null } failed)
                return failed;
        }
        return turn.ResidentBytes() is { } bytes ? new Outcome(bytes) : Outcome.Failed("");
    }
}

/// <summary>The curves.</summary>
internal static class Curves
{
    private const int Looked = 500;
    private const int DirectorySize = 10_000;
    private const double Microseconds = 1e6;

    public static IEnumerable<Curve> All(bool quick) =>
    [
        Depth(quick ? [1, 8, 32] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 500]),
        Mounting(quick ? [1, 8, 32] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 500]),
        Clients(quick ? 400 : 4000, [1, 2, 4, 8]),
        Entries("list", quick ? [10, 1000] : [10, 100, 1000, 10_000, 100_000, 1_000_000]),
        Entries("stat", quick ? [10, 1000] : [10, 100, 1000, 10_000, 100_000, 1_000_000]),
        Inodes(quick ? [10_000, 20_000] : [10_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000]),
    ];

    private static Curve Depth(int[] layers) => new("layers", "A cold lookup, by the number of layers", "layers", "µs a lookup",
        [.. layers.Select(n => new Row($"{n} layers", Stack(n), Fresh("lookups", "lookup-names", "deep", Text(Looked))))])
    {
        Sizes = layers,
        Show = (seconds, _) => seconds / Looked * Microseconds,
    };

    private static Curve Mounting(int[] layers) => new("mount", "From the mount command to the end of the first readdir", "layers", "ms",
        [.. layers.Select(n => new Row($"{n} layers", Stack(n), new MountTime("mount", null) { Fresh = true }))])
    {
        Sizes = layers,
        Show = (seconds, _) => seconds * 1e3,
    };

    private static Curve Clients(int files, int[] processes) =>
        new("clients", "All small files read by each of several processes, fresh mount", "processes", "files a second, all processes",
        [.. processes.Select(n => new Row($"{n} processes", LayerSet.Project(files, 1), Fresh("read", "parallel-read", "tree", Text(n))))])
        {
            Sizes = processes,
            Show = (seconds, n) => files * n / seconds,
        };

    private static Curve Entries(string action, int[] entries) =>
        new($"entries-{action}", $"A directory in 8 layers, fresh mount: {action} it, by its entries", "entries", "µs an entry",
        [.. entries.Select(n => new Row($"{n} entries", LayerSet.Names($"entries{n}", layers: 8, names: n),
            Fresh(action, action + "-directory", "deep")))])
        {
            Sizes = entries,
            Show = (seconds, n) => seconds / n * Microseconds,
        };

    private static Curve Inodes(int[] counts)
    {
        int[] ends = [.. counts.Select(n => n / DirectorySize)];
        LayerSet set = new("many", 1,
            _ => [["make-directory", "0"],
                .. Enumerable.Range(0, ends[^1]).Select(d => (string[])["make-names", $"0/many{d}", Text(DirectorySize), "0", "1"])],
            _ => []);
        KnownInodes[] steps = [.. ends.Select((end, i) => new KnownInodes($"{counts[i]} inodes",
            [.. Enumerable.Range(i == 0 ? 0 : ends[i - 1], end - (i == 0 ? 0 : ends[i - 1])).Select(d => $"many{d}")]) { Fresh = i == 0 })];
        return new Curve("inodes", "Resident memory of the daemon, by the files that the kernel knows", "files", "bytes",
            [new Row("known inodes", set, steps)])
        {
            Sizes = counts,
            Show = (bytes, _) => bytes,
        };
    }

    private static LayerSet Stack(int layers) => LayerSet.Names($"stack{layers}", layers, names: Looked);

    private static ActionTime Fresh(string label, params string[] action) => new(label, null, action) { Fresh = true };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
