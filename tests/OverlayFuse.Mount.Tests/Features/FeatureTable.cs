using System.Globalization;
using System.Text;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Features;

/// <summary>A row of FEATURES.md: what each program answered in the last run of `make features`.</summary>
internal sealed record TableRow(string Text, IReadOnlyList<string> Answers)
{
    /// <summary>The answer of a column, without the number of its note.</summary>
    public string this[string column] => Answers[FeatureTable.Columns.IndexOf(column)].Split(' ')[0];
}

/// <summary>The two parts of FEATURES.md between markers: how many rows have which answer, and the rows.</summary>
internal static class FeatureTable
{
    private const string SumsPart = "sums", RowsPart = "features";

    public static List<string> Columns { get; } = [.. OverlayProgram.All.Select(program => program.Column)];

    private static string FilePath => Path.Combine(ProgramUnderTest.Repository, "FEATURES.md");

    /// <summary>Kernels differ; what the table says of one is no rule for others.</summary>
    public static bool IsOfThisKernel { get; } = File.ReadAllText(FilePath)
        .Contains($"{OverlayProgram.Kernel.Column} {OverlayProgram.Kernel.Version},", StringComparison.Ordinal);

    public static IReadOnlyList<TableRow> Read() =>
        [.. from line in File.ReadLines(FilePath).SkipWhile(line => line != Begin(RowsPart))
            where line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| |", StringComparison.Ordinal)
            let cells = line.Trim('|', ' ').Split(" | ")
            select new TableRow(cells[0].Trim(), [.. cells[1..].Select(cell => cell.Trim())])];

    public static void Write(IReadOnlyDictionary<(string Row, string Column), Verdict> verdicts)
    {
        Replace(RowsPart, Table(verdicts));
        Replace(SumsPart, Sums(verdicts));
    }

    private static string Table(IReadOnlyDictionary<(string Row, string Column), Verdict> verdicts)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"Run on {DateTime.UtcNow:yyyy-MM-dd} with {string.Join(", ", OverlayProgram.All.Select(p => $"{p.Column} {p.Version}"))}.");
        foreach (IGrouping<string, Feature> group in FeatureList.All.GroupBy(feature => feature.Group))
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"\n## {group.Key}\n\n| | {string.Join(" | ", Columns)} |\n|---|{string.Concat(Columns.Select(_ => "---|"))}");
            foreach (Feature feature in group)
            {
                IEnumerable<string> cells = Columns.Select(column => verdicts[(feature.Name, column)].Text + Note(feature, column));
                text.AppendLine(CultureInfo.InvariantCulture, $"| {feature.Text} | {string.Join(" | ", cells)} |");
            }
        }
        text.AppendLine("\n## Where OverlayFuse says less than yes\n");
        foreach (Gap gap in Gaps.All.Values) text.AppendLine(CultureInfo.InvariantCulture, $"{Number(gap)}. {gap.Reason}");
        return text.ToString();
    }

    private static string Sums(IReadOnlyDictionary<(string Row, string Column), Verdict> verdicts)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"| of {FeatureList.All.Count} rules and options | {string.Join(" | ", Columns)} "
                + $"|\n|---|{string.Concat(Columns.Select(_ => "---|"))}");
        foreach (Answer answer in Enum.GetValues<Answer>())
        {
            IEnumerable<int> sums = Columns.Select(column => verdicts.Count(v => v.Key.Column == column && v.Value.Answer == answer));
            text.AppendLine(CultureInfo.InvariantCulture, $"| {Verdict.Show(answer)} | {string.Join(" | ", sums)} |");
        }
        return text.ToString();
    }

    private static string Note(Feature feature, string column) =>
        column == OverlayProgram.Ours.Column && Gaps.All.TryGetValue(feature.Name, out Gap? gap) ? $" ({Number(gap)})" : "";

    private static int Number(Gap gap) => Gaps.All.Values.ToList().IndexOf(gap) + 1;

    private static void Replace(string part, string content)
    {
        string text = File.ReadAllText(FilePath);
        int from = text.IndexOf(Begin(part), StringComparison.Ordinal) + Begin(part).Length;
        int to = text.IndexOf(End(part), StringComparison.Ordinal);
        File.WriteAllText(FilePath, text[..from] + "\n" + content + text[to..]);
    }

    private static string Begin(string part) => $"<!-- {part} -->";

    private static string End(string part) => $"<!-- end of {part} -->";
}
