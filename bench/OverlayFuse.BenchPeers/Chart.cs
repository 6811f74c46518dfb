using System.ComponentModel;
using System.Globalization;
using System.Text;

namespace OverlayFuse.BenchPeers;

/// <summary>A chart that gnuplot draws: lines, or one dot a row when there are row labels.</summary>
internal sealed class Chart(string title, string xLabel)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The same in every chart; others take what is left.</summary>
    private static readonly Dictionary<string, string> Colours = new()
    {
        ["bare"] = "#9a9a9a",
        ["kernel"] = "#1f77b4",
        ["fuse-overlayfs"] = "#ff7f0e",
        ["unionfs"] = "#9467bd",
        ["ours"] = "#d62728",
        [Goal] = "#000000",
    };

    private static readonly string[] OtherColours = ["#2ca02c", "#17becf", "#8c564b", "#e377c2"];
    private readonly StringBuilder _data = new();
    private readonly List<string> _plots = [];

    /// <summary>Name of the series of what must be reached.</summary>
    public const string Goal = "goal";

    public IReadOnlyList<string> RowLabels { get; init; } = [];

    public string YLabel { get; init; } = "";

    public void Add(string name, IEnumerable<(double X, double Y)> points)
    {
        (double X, double Y)[] finite = [.. points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y))];
        if (finite.Length == 0)
            return;
        string block = $"$series{_plots.Count}";
        _data.AppendLine(CultureInfo.InvariantCulture, $"{block} << END");
        foreach ((double x, double y) in finite)
            _data.AppendLine(CultureInfo.InvariantCulture, $"{x} {y}");
        _data.AppendLine("END");
        _plots.Add($"{block} using 1:2 with {Style(name)} title '{Escape(name)}'");
    }

    /// <returns>False when gnuplot is not there.</returns>
    public bool Save(string path)
    {
        if (_plots.Count == 0)
            return true;
        string script = Path.GetTempFileName();
        try
        {
            File.WriteAllText(script, Script(path));
            Finished finished = Command.Run(["gnuplot", script], Patience);
            return finished.Succeeded ? true : throw new InvalidOperationException($"gnuplot: {finished.Error}");
        }
        catch (Win32Exception)
        {
            return false;
        }
        finally
        {
            File.Delete(script);
        }
    }

    private string Style(string name)
    {
        string colour = Colours.GetValueOrDefault(name) ?? OtherColours[_plots.Count % OtherColours.Length];
        bool ours = name.StartsWith("ours", StringComparison.Ordinal);
        string style = RowLabels.Count == 0 ? $"linespoints pt 7 ps 0.4 lw {(ours ? 3 : 2)}"
            : name == Goal ? "points pt 2 ps 0.6 lw 2" : $"points pt 7 ps {(ours ? "0.8" : "0.6")}";
        return $"{style} lc rgb '{colour}'";
    }

    private string Script(string path) => $"""
        set terminal svg size 900,{(RowLabels.Count > 0 ? 140 + 22 * RowLabels.Count : 480)} font 'sans-serif,12' background '#ffffff'
        set encoding utf8
        set output '{path}'
        set title '{Escape(title)}' noenhanced
        set xlabel '{Escape(xLabel)}' noenhanced
        set ylabel '{Escape(YLabel)}' noenhanced
        set logscale x
        set format x '{(RowLabels.Count > 0 ? "%g" : "%.0s%c")}'
        {Rows()}set grid xtics ytics lc rgb '#dddddd'
        set key outside bottom center horizontal noenhanced
        {_data}
        plot {string.Join(", ", _plots)}
        """;

    private string Rows() => RowLabels.Count == 0 ? "set logscale y\nset format y '%.1s%c'\n" : $"""
        set ytics ({string.Join(", ", RowLabels.Select((label, i) => $"'{Escape(label)}' {i}"))}) noenhanced
        set yrange [{(RowLabels.Count - 0.5).ToString(CultureInfo.InvariantCulture)}:-0.5]
        set arrow from 1, graph 0 to 1, graph 1 nohead lw 1.5 lc rgb '{Colours["kernel"]}' back

        """;

    private static string Escape(string text) => text.Replace("'", "''", StringComparison.Ordinal);
}
