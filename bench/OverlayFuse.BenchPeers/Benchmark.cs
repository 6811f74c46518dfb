using Spectre.Console;

namespace OverlayFuse.BenchPeers;

/// <summary>What the settings ask for: the table, its counts of system calls, or the curves.</summary>
internal sealed class Benchmark(Settings settings, Workspace workspace, IReadOnlyList<UnionProgram> programs)
{
    private readonly IAnsiConsole _console = TextReport.Console(Console.Out, colours: !Console.IsOutputRedirected);

    /// <param name="client">Path of the client.</param>
    public void Run(string client)
    {
        Row[] rows = [.. new PeerTable(settings.Quick).Rows.Where(row => settings.Only.IsMatch(row.Name))];
        if (settings.Counts)
        {
            _console.Write(new CountRunner(settings, workspace, programs).Run(rows));
            return;
        }
        Machine machine = Machine.Describe(workspace, programs, NullFileSystem.RoundTrip(client));
        if (settings.Scale)
            RunCurves(machine);
        else
            RunTable(machine, rows);
    }

    private void RunTable(Machine machine, Row[] rows)
    {
        Runner runner = new(settings, workspace, programs);
        Figure[] figures = [.. rows.SelectMany(runner.Run)];
        if (settings.Cpu)
            _console.WriteLine("Processor time of client and daemon:");
        TextReport.Print(_console, machine, figures, programs);
        Reports.Save(settings, machine, figures, programs);
    }

    private void RunCurves(Machine machine)
    {
        CurveRun run = new(settings, workspace, programs);
        TextReport.Print(_console, machine);
        foreach (Curve curve in Curves.All(settings.Quick).Where(curve => settings.Only.IsMatch(curve.Name)))
            run.Run(curve, _console);
        JsonReport.Write(Path.Combine(settings.Results, $"scale-{settings.Mode.ToString().ToLowerInvariant()}.json"), machine, run.Json);
    }
}
