using System.Globalization;
using Spectre.Console;

namespace OverlayFuse.BenchPeers;

/// <summary>COUNTS=1: the rows once, for the programs with a daemon, to see what each thing that the client does costs in calls.</summary>
internal sealed class CountRunner(Settings settings, Workspace workspace, IReadOnlyList<UnionProgram> programs)
{
    private readonly Table _table = new Table().Border(TableBorder.Simple)
        .AddColumns("work", "", "program", "things", "requests", "calls", "calls of one thing, by name");

    public Table Run(IEnumerable<Row> rows)
    {
        foreach (Row row in rows)
        {
            workspace.Prepare(row.Layers);
            foreach (UnionProgram program in programs.Where(program => !program.IsBare && !program.IsKernel))
                Take(row, program);
        }
        return _table;
    }

    private void Take(Row row, UnionProgram program)
    {
        using Turn turn = new(workspace, program, row.Layers, settings);
        foreach (ActionTime action in row.Measurements.OfType<ActionTime>())
        {
            if (action.Fresh && turn.Renew(action.Changes, mounts: true) is not null || turn.Daemon() is not { } daemon
                || action.Prepare(turn) is not null)
                return;
            using CallCounter counter = new(daemon);
            Outcome outcome = turn.Client(action.Action);
            Add(row, action, program, outcome, counter.Stop());
        }
    }

    private void Add(Row row, ActionTime action, UnionProgram program, Outcome outcome, IReadOnlyDictionary<string, long> calls)
    {
        long things = Things(action, outcome);
        string[] words =
        [
            row.Name, action.Label, program.Name, Text(things, "F0"),
            Text(1.0 * calls.GetValueOrDefault("read") / things, "F2"), // one read(2) of /dev/fuse each; files are read by pread(2)
            Text(1.0 * calls.Values.Sum() / things, "F2"),
            string.Join(' ',
                calls.OrderByDescending(call => call.Value).Take(12).Where(call => call.Value * 50 >= things)
                    .Select(call => $"{call.Key} {Text(1.0 * call.Value / things, "F2")}")),
        ];
        _table.AddRow([.. words.Select(Markup.Escape)]);
    }

    /// <summary>Readers count bytes: per 128 KiB for them.</summary>
    private static long Things(ActionTime action, Outcome outcome) =>
        Math.Max(1, action.Action[0] is "read-file" ? outcome.Count >> 17 : action.Action[0] is "read-tree" ? 4000 : outcome.Count);

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
