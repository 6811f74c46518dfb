using System.Globalization;
using Spectre.Console;

namespace OverlayFuse.BenchPeers;

/// <summary>The table on the terminal: the kernel's times, and everybody's ratio to them.</summary>
internal static class TextReport
{
    private const int Width = 190;

    public static IAnsiConsole Console(TextWriter output, bool colours)
    {
        AnsiSupport ansi = colours ? AnsiSupport.Detect : AnsiSupport.No;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = ansi, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = Width;
        return console;
    }

    public static void Print(IAnsiConsole console, Machine machine, IReadOnlyList<Figure> figures, IReadOnlyList<UnionProgram> programs)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumns("work", "");
        foreach (UnionProgram program in programs)
            table.AddColumn(new TableColumn(Markup.Escape(program.Name)).RightAligned());
        table.AddColumn(new TableColumn("goal").RightAligned()).AddColumn("ours");
        foreach (IGrouping<string, Figure> row in figures.GroupBy(figure => figure.Name))
        {
            foreach ((int place, Figure figure) in row.Index())
                table.AddRow([Markup.Escape(place == 0 ? row.Key : ""), Markup.Escape(figure.Label),
                    .. programs.Select(program => Cell(figure, program)), Goal(figure), VerdictOf(figure, programs)]);
        }
        Print(console, machine);
        console.Write(table);
        PrintFailures(console, figures, programs);
    }

    /// <summary>Where and with what.</summary>
    public static void Print(IAnsiConsole console, Machine machine)
    {
        console.WriteLine(machine.ToString());
        foreach ((string name, string version) in machine.Versions)
            console.WriteLine($"  {name}: {version}");
    }

    /// <summary>Seconds or bytes as people read them.</summary>
    public static string Quantity(double value, Unit unit) => unit switch
    {
        _ when double.IsNaN(value) => "-",
        Unit.Bytes when value < 1e5 => Text(value, "F0", "B"),
        Unit.Bytes => Text(value / 1e6, "F1", "MB"),
        _ when value < 0.1 => Text(value * 1e3, value < 0.01 ? "F2" : "F1", "ms"),
        _ => Text(value, "F2", "s"),
    };

    private static string Cell(Figure figure, UnionProgram program)
    {
        if (figure[program].Failure is { Length: > 0 })
            return figure[program].Failure == Finished.Hung ? "[red]hung[/]" : "[red]failed[/]";
        if (program.IsKernel || figure.Unit == Unit.Bytes || figure.Target?.IsAbsolute == true || double.IsNaN(figure.Ratio(program)))
            return Quantity(figure[program].Median, figure.Unit);
        return figure.Ratio(program).ToString(figure.Ratio(program) < 0.1 ? "F3" : "F2", CultureInfo.InvariantCulture);
    }

    private static string Goal(Figure figure) => figure switch
    {
        { Goal: not { } } => "",
        { Target.IsAbsolute: true, Goal: { } goal } => Quantity(goal, figure.Unit),
        { Goal: { } goal } => goal.ToString(CultureInfo.InvariantCulture),
    };

    private static string VerdictOf(Figure figure, IReadOnlyList<UnionProgram> programs)
    {
        if (programs.FirstOrDefault(program => program.IsOurs) is not { } ours)
            return "";
        string verdict = figure.VerdictOf(ours) switch
        {
            Verdict.Reached => "[green]reached[/]",
            Verdict.Nearly => "[yellow]nearly[/]",
            Verdict.Missed => "[red]not reached[/]",
            _ => "",
        };
        return figure.Ahead(ours) is { } peer ? $"{verdict} [red]behind {Markup.Escape(peer.Name)}[/]" : verdict;
    }

    private static void PrintFailures(IAnsiConsole console, IReadOnlyList<Figure> figures, IReadOnlyList<UnionProgram> programs)
    {
        foreach (Figure figure in figures)
        {
            foreach (UnionProgram program in programs.Where(program => figure[program].Failure is { Length: > 0 }))
                console.WriteLine($"{figure.Name}, {figure.Label}: {program.Name}: {figure[program].Failure}");
        }
    }

    private static string Text(double value, string format, string unit) =>
        value.ToString(format, CultureInfo.InvariantCulture) + " " + unit;
}
