using System.Text.RegularExpressions;
using OverlayFuse.Cli.Words;

namespace OverlayFuse.Architecture.Tests;

/// <summary>What README.md and the other pages name is there.</summary>
internal sealed partial class DocumentationTests
{
    private static readonly string[] Pages =
        [.. new[] { "README.md", "CHANGELOG.md" }.Concat(Repository.Files("src", "*.md")).Concat(Directory.Exists(Path.Combine(Repository.Root, "bench")) ? Repository.Files("bench", "*.md") : [])];

    private static IEnumerable<string> Targets =>
        Target().Matches(Repository.Read("Makefile")).Select(match => match.Groups[1].Value);

    [TestCaseSource(nameof(Pages))]
    public void MakeTargets_InAPage_AreThere(string page) =>
        Assert.That(MakeCall().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value).Distinct(), Is.SubsetOf(Targets));

    [TestCaseSource(nameof(Pages))]
    public void Links_InAPage_LeadToFiles(string page)
    {
        string folder = Path.GetDirectoryName(page)!;
        IEnumerable<string> dead =
            from match in Link().Matches(Repository.Read(page))
            let target = match.Groups[1].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
            where !Path.Exists(Path.Combine(Repository.Root, folder, target))
            select target;
        Assert.That(dead, Is.Empty);
    }

    /// <summary>`src/...`, `tests/...`, `packaging/...` and the like in backticks.</summary>
    [TestCaseSource(nameof(Pages))]
    public void Paths_InAPage_AreThere(string page) =>
        Assert.That(RepositoryPath().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value).Where(path => !Path.Exists(Path.Combine(Repository.Root, path))), Is.Empty);

    [Test]
    public void Targets_OfTheMakefile_HaveALineOfHelp()
    {
        string makefile = Repository.Read("Makefile");
        string[] phony = makefile.Split('\n').Single(line => line.StartsWith(".PHONY:", StringComparison.Ordinal))[".PHONY:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(Targets, Is.EquivalentTo(phony));
    }

    [Test]
    public void OptionTable_OfTheReadme_IsTheOneOfTheProgram() =>
        Assert.That(TableRows(Repository.Read("README.md")), Is.EqualTo(OptionTable.Rules.Where(rule => rule.Action is OptionAction.Taken).Select(Row)));

    [Test]
    public void OptionLists_OfTheReadme_AreThoseOfTheProgram()
    {
        string readme = Repository.Read("README.md");
        Assert.Multiple(() =>
        {
            Assert.That(readme, Does.Contain(List("Passed on to the mount", OptionAction.Mount)));
            Assert.That(readme, Does.Contain(List("Accepted, for they change nothing", OptionAction.Accepted)));
            Assert.That(readme, Does.Contain(List("Refused, for they are not there yet", OptionAction.Refused)));
        });
    }

    private static string Row(OptionRule rule) =>
        $"| `{(rule.Value.Length == 0 ? rule.Name : $"{rule.Name}={rule.Value}".Replace("|", "\\|", StringComparison.Ordinal))}` | {rule.Text} |";

    private static string List(string title, OptionAction action) =>
        $"{title}: {string.Join(", ", OptionTable.Rules.Where(rule => rule.Action == action).Select(Word))}.";

    private static string Word(OptionRule rule) =>
        rule.AcceptedValues is { } values ? string.Join(", ", values.Where(v => v.Length > 0).Select(v => $"`{rule.Name}={v}`")) : $"`{rule.Name}`";

    private static IEnumerable<string> TableRows(string readme) =>
        readme.Split('\n').SkipWhile(line => !line.StartsWith("| Option |", StringComparison.Ordinal)).Skip(2).TakeWhile(line => line.StartsWith('|'));

    [GeneratedRegex("^([a-z-]+):.*## ", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex("(?:^|`|\\$ )make ([a-z][a-z-]*)", RegexOptions.Multiline)]
    private static partial Regex MakeCall();

    [GeneratedRegex("\\]\\(([^)]+)\\)")]
    private static partial Regex Link();

    [GeneratedRegex("`((?:src|tests|native|bench|packaging|samples|examples|\\.ci)/[A-Za-z0-9_./-]+)`")]
    private static partial Regex RepositoryPath();
}
