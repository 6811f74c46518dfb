using System.Text.RegularExpressions;
using OverlayFuse.Cli.Words;

namespace OverlayFuse.Architecture.Tests;

/// <summary>What README.md and the other pages name is there, and the pages stay short.</summary>
internal sealed partial class DocumentationTests
{
    private const string Rooms = "src/OverlayFuse.Overlay";

    /// <summary>Prose is wrapped at about 100 columns.</summary>
    private const int WidestLine = 110;

    private static readonly string[] Folders = ["docs", "src", "native", "bench", "examples", "tests"];

    /// <summary>A folder that is not in a source package of Debian or an image is left out.</summary>
    private static readonly string[] Pages =
        [.. Directory.EnumerateFiles(Repository.Root, "*.md").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)
            .Concat(Folders.Where(folder => Directory.Exists(Path.Combine(Repository.Root, folder)))
                .SelectMany(folder => Repository.Files(folder, "*.md")))];

    private static IEnumerable<string> Targets =>
        Target().Matches(Repository.Read("Makefile")).Select(match => match.Groups[1].Value);

    [Test]
    public void Pages_AllOfThem_AreSeen() =>
        Assert.That(Pages, Is.SupersetOf(new[]
        {
            "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "FEATURES.md", "docs/usage.md", "docs/decisions/README.md",
            "src/ARCHITECTURE.md", "native/README.md", "bench/README.md",
        }));

    [TestCaseSource(nameof(Pages))]
    public void MakeTargets_InAPage_AreThere(string page) =>
        Assert.That(MakeCall().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value).Distinct(), Is.SubsetOf(Targets));

    [TestCaseSource(nameof(Pages))]
    public void Links_InAPage_LeadToFiles(string page)
    {
        IEnumerable<string> dead =
            from link in LinksOf(page)
            where !Path.Exists(Path.Combine(Repository.Root, link.Page))
            select link.Page;
        Assert.That(dead, Is.Empty);
    }

    /// <summary>`page.md#heading`: the heading, as GitHub writes it in addresses.</summary>
    [TestCaseSource(nameof(Pages))]
    public void Anchors_InAPage_LeadToHeadings(string page)
    {
        IEnumerable<string> dead =
            from link in LinksOf(page)
            where link.Anchor.Length > 0 && link.Page.EndsWith(".md", StringComparison.Ordinal)
            where !Heading().Matches(Repository.Read(link.Page)).Select(heading => Anchor(heading.Groups[1].Value)).Contains(link.Anchor)
            select $"{link.Page}#{link.Anchor}";
        Assert.That(dead, Is.Empty);
    }

    /// <summary>`src/...`, `tests/...`, `packaging/...` and the like in backticks.</summary>
    [TestCaseSource(nameof(Pages))]
    public void Paths_InAPage_AreThere(string page) =>
        Assert.That(RepositoryPath().Matches(Repository.Read(page)).Select(match => match.Groups[1].Value)
            .Where(path => !Path.Exists(Path.Combine(Repository.Root, path))), Is.Empty);

    [TestCaseSource(nameof(Pages))]
    public void Members_InAPage_AreInTheCode(string page)
    {
        IEnumerable<string> missing =
            from span in CodeSpan().Matches(CodeBlock().Replace(Repository.Read(page), ""))
            from member in TypeAndMember().Matches(span.Value)
            where !DeclaredNames.HasMember(member.Groups[1].Value, member.Groups[2].Value)
            select member.Value;
        Assert.That(missing, Is.Empty);
    }

    [Test]
    public void Members_KnownToTheTest_AreThoseOfTheCode() => Assert.Multiple(() =>
    {
        Assert.That(DeclaredNames.HasMember("Errno", "EROFS"), "an enum");
        Assert.That(DeclaredNames.HasMember("OverlayOptions", "LowerDirs"), "a property");
        Assert.That(DeclaredNames.HasMember("FuseSession", "Dispatch"), "a method of a partial class");
        Assert.That(DeclaredNames.HasMember("FuseSession", "NotThere"), Is.False);
        Assert.That(DeclaredNames.HasMember("NotThere", "Dispatch"), Is.False);
    });

    /// <summary>A row of these tables names rooms or folders, and types that live in one of them.</summary>
    [TestCase("src/ARCHITECTURE.md", "Rooms of OverlayFuse.Overlay")]
    [TestCase("CONTRIBUTING.md", "Where to change what")]
    public void Rooms_InATable_HoldTheTypesBesideThem(string page, string section)
    {
        string text = Repository.Read(page);
        string[] rows = [.. text[text.IndexOf($"## {section}\n", StringComparison.Ordinal)..].Split('\n').Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Where(line => line.StartsWith('|'))];
        IEnumerable<string> wrong =
            from row in rows
            let spans = CodeSpan().Matches(row).Select(span => span.Value.Trim('`')).ToArray()
            let rooms = spans.Where(span => RoomName().IsMatch(span)).Select(room => $"{Rooms}/{room}").ToArray()
            let others = spans.Where(span => span.StartsWith("src/", StringComparison.Ordinal)).Select(folder => folder + "/")
            let folders = rooms.Concat(others).ToArray()
            from wanted in rooms.Where(room => !Directory.Exists(Path.Combine(Repository.Root, room)))
                .Concat(spans.Where(span => TypeName().IsMatch(span) && !DeclaredNames.FilesOf(span).Any(file => LiesIn(file, folders))))
            select wanted;
        Assert.That(rows, Is.Not.Empty);
        Assert.That(wrong, Is.Empty);
    }

    /// <summary>As `wc -w` counts.</summary>
    [TestCase("README.md", 900)]
    [TestCase("src/ARCHITECTURE.md", 2500)]
    public void Words_OfAPageWithALimit_AreFew(string page, int limit) =>
        Assert.That(Repository.Read(page).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), Has.Length.LessThanOrEqualTo(limit));

    /// <summary>Tables, headings and blocks are as wide as they are. `make features` writes FEATURES.md.</summary>
    [TestCaseSource(nameof(Pages))]
    public void Prose_OfAPage_IsWrapped(string page)
    {
        IEnumerable<string> wide =
            from line in CodeBlock().Replace(Repository.Read(page), "").Split('\n')
            where line.Length > WidestLine && line[0] is not ('|' or '#') && !line.StartsWith("    ", StringComparison.Ordinal)
            where page != "FEATURES.md"
            select line;
        Assert.That(wide, Is.Empty);
    }

    [Test]
    public void Targets_OfTheMakefile_HaveALineOfHelp()
    {
        string makefile = Repository.Read("Makefile");
        string[] phony = makefile.Split('\n').Single(line => line.StartsWith(".PHONY:", StringComparison.Ordinal))[".PHONY:".Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(Targets, Is.EquivalentTo(phony));
    }

    [Test]
    public void OptionTable_OfThePage_IsTheOneOfTheProgram() =>
        Assert.That(TableRows(Repository.Read("docs/options.md")),
            Is.EqualTo(OptionTable.Rules.Where(rule => rule.Action is OptionAction.Taken).Select(Row)));

    [Test]
    public void OptionLists_OfThePage_AreThoseOfTheProgram()
    {
        string page = Repository.Read("docs/options.md").Replace('\n', ' ');
        Assert.Multiple(() =>
        {
            Assert.That(page, Does.Contain(List("Passed on to the mount", OptionAction.Mount)));
            Assert.That(page, Does.Contain(List("Accepted, for they change nothing", OptionAction.Accepted)));
            Assert.That(page, Does.Contain(List("Refused, for they are not there yet", OptionAction.Refused)));
        });
    }

    /// <summary>
    /// The headings in backticks are parts of messages; "..." stands for a value. A message may be written as several literals, one after
    /// the other.
    /// </summary>
    [Test]
    public void Messages_OfTroubleshooting_AreInTheSource()
    {
        IEnumerable<string> native = Repository.Files("native", "*.c").Select(Repository.Read);
        string source = string.Concat(Repository.SourcesOf("src").Select(file => file.Text).Concat(native).Select(JoinLiterals));
        MatchCollection headings = MessageHeading().Matches(Repository.Read("docs/troubleshooting.md"));
        string[] messages = [.. headings.Select(heading => heading.Groups[1].Value)];
        Assert.That(messages, Has.Length.GreaterThan(50));
        IEnumerable<string> parts = messages.SelectMany(message => message.Split("..."));
        Assert.That(parts.Where(part => !source.Contains(part, StringComparison.Ordinal)), Is.Empty);
    }

    [TestCase("throw(\"no room; \"\n    + $\"make {some}\")", "throw(\"no room; make {some}\")")]
    [TestCase("puts(\"no room; \"\n     \"make some\")", "puts(\"no room; make some\")")]
    [TestCase("Words(\"one\", \"two\" + three + \"four\")", "Words(\"one\", \"two\" + three + \"four\")")]
    public void JoinLiterals_OfASource_JoinsNeighboursOnly(string source, string joined) =>
        Assert.That(JoinLiterals(source), Is.EqualTo(joined));

    /// <summary>README's examples are those of the other pages, which PageTests runs.</summary>
    [Test]
    public void Examples_OfTheReadme_AreLinesOfTheOtherPages()
    {
        string readme = Repository.Read("README.md");
        int from = readme.IndexOf("\n## The five commonest uses", StringComparison.Ordinal);
        int to = readme.IndexOf("\n## Is it for me?", StringComparison.Ordinal);
        IEnumerable<string> known = Repository.Files("docs", "*.md").SelectMany(page => Examples(Repository.Read(page)));
        Assert.That(Examples(readme[from..to]), Is.SubsetOf(known).And.Not.Empty);
    }

    [Test]
    public void Changelog_OfThisVersion_HasAPart()
    {
        string version = VersionElement().Match(Repository.Read("Directory.Build.props")).Groups[1].Value;
        Assert.That(VersionHeading().Matches(Repository.Read("CHANGELOG.md")).Select(heading => heading.Groups[1].Value).Take(2),
            Is.EqualTo(new[] { "Unreleased", version }));
    }

    private static IEnumerable<(string Page, string Anchor)> LinksOf(string page) =>
        from match in Link().Matches(Repository.Read(page))
        let target = match.Groups[1].Value.Split('#')
        where !target[0].Contains("://", StringComparison.Ordinal)
        let path = target[0].Length == 0 ? page : FromRoot(Path.GetDirectoryName(page)!, target[0])
        select (path, target.Length > 1 ? target[1] : "");

    private static string FromRoot(string folder, string link) =>
        Path.GetRelativePath(Repository.Root, Path.Combine(Repository.Root, folder, link));

    /// <summary>C joins literals that follow each other; C# needs a plus.</summary>
    private static string JoinLiterals(string source) => BetweenLiterals().Replace(source, "");

    private static bool LiesIn(string file, string[] folders) =>
        folders.Length == 0 || folders.Any(folder => file.StartsWith(folder, StringComparison.Ordinal));

    private static string Anchor(string heading) =>
        NotInAnchors().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    /// <summary>Commands without prompt and comment.</summary>
    private static IEnumerable<string> Examples(string page) =>
        from line in page.Split('\n')
        where line.StartsWith("    ", StringComparison.Ordinal)
        select Comment().Replace(line, "").Trim().TrimStart('$').Trim();

    private static string Row(OptionRule rule) =>
        $"| `{rule.Name}{(rule.Value.Length == 0 ? "" : "=")}{rule.Value.Replace("|", "\\|", StringComparison.Ordinal)}` | {rule.Text} |";

    private static string List(string title, OptionAction action) =>
        $"{title}: {string.Join(", ", OptionTable.Rules.Where(rule => rule.Action == action).Select(Word))}.";

    private static string Word(OptionRule rule) =>
        rule.AcceptedValues is not { } values ? $"`{rule.Name}`"
            : string.Join(", ", values.Where(value => value.Length > 0).Select(value => $"`{rule.Name}={value}`"));

    private static IEnumerable<string> TableRows(string page) =>
        page.Split('\n').SkipWhile(line => !line.StartsWith("| Option |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|'));

    [GeneratedRegex("^([a-z0-9-]+):.*## ", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex("(?:^|`|\\$ )make ([a-z][a-z0-9-]*)", RegexOptions.Multiline)]
    private static partial Regex MakeCall();

    [GeneratedRegex("\\]\\(([^)]+)\\)")]
    private static partial Regex Link();

    [GeneratedRegex("^#+ (.*)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex("[^a-z0-9 _-]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex("`((?:src|tests|native|bench|packaging|samples|examples|docs|\\.ci)/[A-Za-z0-9_./-]+)`")]
    private static partial Regex RepositoryPath();

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("`[^`\n]+`")]
    private static partial Regex CodeSpan();

    /// <summary>Neither an assembly, nor a file of C#.</summary>
    [GeneratedRegex(@"(?<![\w./])(?!OverlayFuse\.|System\.|Spectre\.)([A-Z]\w*)\.([A-Z]\w*)(?!\w*\.(?:cs|md)\b)")]
    private static partial Regex TypeAndMember();

    [GeneratedRegex("^[A-Z][A-Za-z]+/$")]
    private static partial Regex RoomName();

    [GeneratedRegex(@"^[A-Z]\w+$")]
    private static partial Regex TypeName();

    [GeneratedRegex("^### `(.*)`$", RegexOptions.Multiline)]
    private static partial Regex MessageHeading();

    [GeneratedRegex(@"""\s*\+?\s*\$?""")]
    private static partial Regex BetweenLiterals();

    [GeneratedRegex(@"\s+[#/]{1,2} .*$")]
    private static partial Regex Comment();

    [GeneratedRegex("<Version>(.*)</Version>")]
    private static partial Regex VersionElement();

    [GeneratedRegex(@"^## (\S+)", RegexOptions.Multiline)]
    private static partial Regex VersionHeading();
}
