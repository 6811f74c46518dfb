using Spectre.Console;

namespace OverlayFuse.BenchPeers;

/// <summary>What the settings ask for: the table, its counts of system calls, or the curves.</summary>
internal sealed class Benchmark(Settings settings, Workspace workspace, IReadOnlyList<UnionProgram> programs)
{
    private readonly IAnsiConsole _console = TextReport.Console(Console.Out, colours: !Console.IsOutputRedirected);

    /// <param name="client">Path of the client.</param>
    /// <returns>The exit status.</returns>
    public int Run(string client)
    {
        Row[] rows = [.. Rows().Where(row => settings.Only.IsMatch(row.Name))];
        if (!Tool.AreThere(rows))
            return 1;
        if (settings.Counts)
        {
            _console.Write(new CountRunner(settings, workspace, programs).Run(rows));
            return 0;
        }
        QuietWatch watch = new(client);
        if (settings.Suite == Suite.Scale)
            RunCurves(watch);
        else
            RunTable(watch, rows);
        return 0;
    }

    private IEnumerable<Row> Rows() => settings.Suite == Suite.Jobs
        ? new JobTable(settings.Quick, settings.Mode).Rows : new PeerTable(settings.Quick).Rows;

    private void RunTable(QuietWatch watch, Row[] rows)
    {
        Runner runner = new(settings, workspace, programs);
        List<Figure> figures = [];
        foreach (Row row in rows)
        {
            figures.AddRange(runner.Run(row));
            watch.Look();
        }
        Machine machine = Machine.Describe(workspace, programs, watch.End());
        if (settings.Cpu)
            _console.WriteLine("Processor time of client and daemon:");
        TextReport.Print(_console, machine, figures, programs);
        Reports.Save(settings, machine, figures, programs);
    }

    private void RunCurves(QuietWatch watch)
    {
        CurveRun run = new(settings, workspace, programs);
        foreach (Curve curve in Curves.All(settings.Quick).Where(curve => settings.Only.IsMatch(curve.Name)))
        {
            run.Run(curve, _console);
            watch.Look();
        }
        Machine machine = Machine.Describe(workspace, programs, watch.End());
        TextReport.Print(_console, machine);
        run.Save(machine);
    }
}
