using System.Text.Json.Nodes;

namespace OverlayFuse.BenchPeers;

/// <summary>The files of a run.</summary>
internal static class Reports
{
    public static void Save(Settings settings, Machine machine, IReadOnlyList<Figure> figures, IReadOnlyList<UnionProgram> programs)
    {
        string stem = Stem(settings, machine);
        JsonReport.Write(stem + ".json", machine, new JsonObject { ["rows"] = JsonReport.Rows(figures, programs) });
        using (StreamWriter writer = new(stem + ".txt"))
        {
            TextReport.Print(TextReport.Console(writer, colours: false), machine, figures, programs);
        }
        if (!Ratios(figures, programs, settings.Mode).Save(stem + ".svg"))
            Console.Error.WriteLine("gnuplot is missing: no chart");
        Console.Error.WriteLine($"{stem}.txt, .json, .svg");
    }

    /// <summary>
    /// The start of the names of a run's files, in a directory that is there. A whole run on a busy machine goes to artifacts/bench; the
    /// user is told why.
    /// </summary>
    public static string Stem(Settings settings, Machine machine)
    {
        string results = settings.Results;
        if (settings.IsWhole && !machine.Quietness.IsQuiet)
        {
            results = settings.PartialResults;
            Console.Error.WriteLine(machine.Quietness.Refusal(settings.Results, results));
        }
        Directory.CreateDirectory(results);
        string suite = settings.Suite.ToString().ToLowerInvariant();
        return Path.Combine(results, $"{suite}-{settings.Mode.ToString().ToLowerInvariant()}");
    }

    private static Chart Ratios(IReadOnlyList<Figure> figures, IReadOnlyList<UnionProgram> programs, Mode mode)
    {
        Figure[] timed = [.. figures.Where(figure => figure.Unit == Unit.Seconds)];
        Chart chart = new($"Time, as {mode.ToString().ToLowerInvariant()}: ratio to the kernel's overlayfs, left is faster",
            "times the kernel's overlayfs (logarithmic)")
        {
            RowLabels = [.. timed.Select(figure => $"{figure.Name}: {figure.Label}")],
        };
        foreach (UnionProgram program in programs.Where(program => !program.IsKernel))
            chart.Add(program.Name, timed.Select((figure, i) => (figure.Ratio(program), (double)i)));
        chart.Add(Chart.Goal,
            timed.Select((figure, i) => (figure.Target?.IsAbsolute == false ? figure.Goal ?? double.NaN : double.NaN, (double)i)));
        return chart;
    }
}
