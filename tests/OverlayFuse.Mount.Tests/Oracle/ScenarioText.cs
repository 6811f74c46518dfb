using System.Globalization;
using System.Text;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// Turns a scenario into the C# that makes it again, and a difference that was found into a test to be pasted into Scenarios/.
/// </summary>
internal static class ScenarioText
{
    private const string Indent = "    ";

    /// <summary>An expression of type <see cref="Scenario"/>.</summary>
    public static string Expression(Scenario scenario)
    {
        var text = new StringBuilder("new Scenario(\n");
        text.Append(CultureInfo.InvariantCulture, $"{Indented(CSharpText.Of(scenario.Upper), 1)},\n");
        text.Append(CultureInfo.InvariantCulture, $"{List(scenario.Lowers.Select(CSharpText.Of))},\n");
        text.Append(CultureInfo.InvariantCulture, $"{List(scenario.Operations.Select(CSharpText.Of))},\n");
        return text.Append(CultureInfo.InvariantCulture, $"{Indent}\"{scenario.Options}\"){Properties(scenario)}").ToString();
    }

    /// <summary>A test method. Its name and what differed are there to be said better by who keeps it.</summary>
    public static string Test(int seed, Scenario scenario, IEnumerable<string> differences)
    {
        var text = new StringBuilder();
        foreach (string line in differences) text.Append(CultureInfo.InvariantCulture, $"{Indent}// {line.ReplaceLineEndings(" ")}\n");
        text.Append(CultureInfo.InvariantCulture,
            $"{Indent}[Test]\n{Indent}public void Seed{seed}_AsTheFuzzFoundIt_EqualsTheKernel() => Compare(\n");
        return text.Append(CultureInfo.InvariantCulture, $"{Indented(Expression(scenario), 2)});\n").ToString();
    }

    private static string List(IEnumerable<string> items)
    {
        string[] all = [.. items];
        return all.Length == 0 ? Indent + "[]" : $"{Indent}[\n{string.Concat(all.Select(item => Indented(item, 2) + ",\n"))}{Indent}]";
    }

    private static string Properties(Scenario scenario)
    {
        var set = new List<string>();
        if (scenario.ForeignUpper) set.Add("ForeignUpper = true");
        if (scenario.OnlyMerged) set.Add("OnlyMerged = true");
        if (scenario.Io != "open") set.Add($"Io = \"{scenario.Io}\"");
        if (scenario.Data.Count > 0) set.Add($"Data =\n{List(scenario.Data.Select(CSharpText.Of))}");
        return set.Count == 0 ? "" : $" {{ {string.Join(", ", set)} }}";
    }

    private static string Indented(string text, int levels) =>
        string.Join('\n', text.Split('\n').Select(line => string.Concat(Enumerable.Repeat(Indent, levels)) + line));
}
