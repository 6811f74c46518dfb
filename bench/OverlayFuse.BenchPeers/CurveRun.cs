using System.Text.Json.Nodes;
using Spectre.Console;

namespace OverlayFuse.BenchPeers;

/// <summary>Measures a curve and shows it: a table, a chart, JSON.</summary>
internal sealed class CurveRun(Settings settings, Workspace workspace, IReadOnlyList<UnionProgram> programs)
{
    private readonly Dictionary<Curve, Figure[]> _figures = [];

    private JsonObject Json =>
        new(_figures.Select(curve => KeyValuePair.Create(curve.Key.Name, (JsonNode?)JsonReport.Rows(curve.Value, programs))));

    public void Run(Curve curve, IAnsiConsole console)
    {
        Console.Error.WriteLine(curve.Title);
        List<Figure> figures = [];
        HashSet<UnionProgram> failed = [];
        foreach (Row row in curve.Rows)
        {
            UnionProgram[] left = [.. programs.Where(program => !failed.Contains(program))];
            Figure[] points = [.. new Runner(settings, workspace, left).Run(row)];
            figures.AddRange(points);
            failed.UnionWith(left.Where(program => points.Any(point => point[program].Failure is { Length: > 0 })));
        }
        _figures[curve] = [.. figures];
        console.Write(Table(curve, figures));
    }

    public void Save(Machine machine)
    {
        string stem = Reports.Stem(settings, machine);
        JsonReport.Write(stem + ".json", machine, Json);
        foreach ((Curve curve, Figure[] figures) in _figures)
            Draw(curve, figures).Save($"{stem}-{curve.Name}.svg");
    }

    private Table Table(Curve curve, List<Figure> figures)
    {
        Table table = new Table().Title($"{curve.Title} ({curve.YLabel})").Border(TableBorder.Simple).AddColumn(curve.XLabel);
        foreach (UnionProgram program in programs)
            table.AddColumn(new TableColumn(Markup.Escape(program.Name)).RightAligned());
        foreach ((int i, Figure figure) in figures.Index())
            table.AddRow([$"{curve.Sizes[i]}", .. programs.Select(program => Markup.Escape(Cell(curve, i, figure[program])))]);
        return table;
    }

    private static string Cell(Curve curve, int i, Series series) => series switch
    {
        { Failure: { Length: > 0 } failure } => failure,
        { Median: double.NaN } => "-",
        _ => Text(curve.Show(series.Median, curve.Sizes[i])),
    };

    private static string Text(double value) =>
        value.ToString(value < 1000 ? "G3" : "N0", System.Globalization.CultureInfo.InvariantCulture);

    private Chart Draw(Curve curve, Figure[] figures)
    {
        Chart chart = new(curve.Title, curve.XLabel) { YLabel = curve.YLabel };
        foreach (UnionProgram program in programs)
            chart.Add(program.Name,
                figures.Select((figure, i) => ((double)curve.Sizes[i], curve.Show(figure[program].Median, curve.Sizes[i]))));
        return chart;
    }
}
