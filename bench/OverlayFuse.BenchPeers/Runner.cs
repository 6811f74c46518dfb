using System.Diagnostics;
using System.Runtime.InteropServices;

namespace OverlayFuse.BenchPeers;

/// <summary>Runs rows: in each the programs take turns, and each starts first in its turn.</summary>
internal sealed class Runner(Settings settings, Workspace workspace, IReadOnlyList<UnionProgram> programs)
{
    private static volatile bool s_stopped;

    /// <summary>At the next turn; what is mounted is unmounted and the work directory removed.</summary>
    public static void Stop(PosixSignalContext signal) => signal.Cancel = s_stopped = true;

    public IEnumerable<Figure> Run(Row row)
    {
        Stopwatch time = Stopwatch.StartNew();
        Console.Error.Write($"{row.Name} ...");
        workspace.Prepare(row.Layers);
        Figure[] figures = [.. row.Measurements.Select(measurement => new Figure(row, measurement, programs, settings.Mode))];
        for (int run = 0; run < settings.Runs; run++)
        {
            for (int i = 0; i < programs.Count; i++)
                TakeTurn(row, programs[(run + i) % programs.Count], figures);
        }
        Console.Error.WriteLine($" {time.Elapsed.TotalSeconds:F0} s");
        return figures;
    }

    private void TakeTurn(Row row, UnionProgram program, Figure[] figures)
    {
        if (s_stopped)
            throw new OperationCanceledException();
        using Turn turn = new(workspace, program, row.Layers, settings);
        string? failure = null;
        foreach ((Measurement measurement, Figure figure) in row.Measurements.Zip(figures))
        {
            if (measurement.Fresh)
                failure = turn.Renew(measurement.Changes, measurement.Mounts);
            Outcome outcome = failure is null ? measurement.Take(turn) : Outcome.Failed(failure);
            figure.Add(program, outcome);
            failure = outcome.Failure is { Length: > 0 } later ? later : null;
        }
    }
}
