using System.Globalization;
using System.Text;

namespace OverlayFuse.BenchPeers;

/// <summary>A chart that gnuplot draws.</summary>
internal sealed class Chart(string title, string xLabel)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Colours = ["#7f7f7f", "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#17becf"];
    private readonly StringBuilder _data = new();
    private readonly List<string> _plots = [];

    public IReadOnlyList<string> RowLabels { get; init; } = [];

    public string YLabel { get; init; } = "";

    /// <summary>Points with a line through them, or points alone for a chart of rows.</summary>
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
        string style = RowLabels.Count > 0 ? "points pt 7 ps 0.6" : "linespoints pt 7 ps 0.4 lw 2";
        _plots.Add($"{block} using 1:2 with {style} lc rgb '{Colours[_plots.Count % Colours.Length]}' title '{Escape(name)}'");
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
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
        finally
        {
            File.Delete(script);
        }
    }

    private string Script(string path)
    {
        int height = RowLabels.Count > 0 ? 140 + 22 * RowLabels.Count : 480;
        string rows = RowLabels.Count == 0 ? "set logscale y\nset format y '%.1s%c'\n" : $"""
            set ytics ({string.Join(", ", RowLabels.Select((label, i) => $"'{Escape(label)}' {i}"))})
            set yrange [{RowLabels.Count - 0.5}:-0.5]
            set arrow from 1, graph 0 to 1, graph 1 nohead lw 1 lc rgb '#1f77b4' back

            """;
        return $"""
            set terminal svg size 900,{height} font 'sans-serif,12' background '#ffffff'
            set encoding utf8
            set output '{path}'
            set title '{Escape(title)}' noenhanced
            set xlabel '{Escape(xLabel)}'
            set ylabel '{Escape(YLabel)}'
            set logscale x
            {rows}set grid xtics ytics lc rgb '#dddddd'
            set key outside bottom center horizontal noenhanced
            {_data}
            plot {string.Join(", ", _plots)}
            """;
    }

    private static string Escape(string text) => text.Replace("'", "''", StringComparison.Ordinal).Replace("_", " ", StringComparison.Ordinal);
}
