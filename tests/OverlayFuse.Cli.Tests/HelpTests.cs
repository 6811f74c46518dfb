namespace OverlayFuse.Cli.Tests;

/// <summary>The texts of --help.</summary>
internal sealed class HelpTests
{
    private const int Columns = 100;

    private static IEnumerable<string> Verbs => OverlayFuse.Cli.Verbs.Names.Prepend("");

    /// <summary>Lines are not wrapped where the output is no terminal: the manual page and the completions read them.</summary>
    [TestCaseSource(nameof(Verbs))]
    public void Help_OfTheProgramAndAVerb_FitsTheColumns(string verb)
    {
        string[] lines = Help(verb);
        Assert.That(lines, Has.Length.GreaterThan(5));
        Assert.That(lines.Where(line => line.Length > Columns), Is.Empty);
    }

    [Test]
    public void Help_OfTheProgram_HasALineForEachVerb() =>
        Assert.That(Help("").SkipWhile(line => line != "Commands:").Skip(1).TakeWhile(line => line.Length > 0).Select(FirstWord),
            Is.EqualTo(OverlayFuse.Cli.Verbs.Names.Concat(OverlayFuse.Cli.Verbs.ToolNames)));

    /// <summary>The second program has the verb itself; this one knows its arguments for the list.</summary>
    [TestCase("completion <bash|zsh|fish>")]
    [TestCase("snapshotter <ADDRESS> <ROOT>")]
    public void Help_OfTheProgram_ShowsTheArgumentsOfTools(string verb) =>
        Assert.That(Help(""), Has.Some.StartsWith("  " + verb));

    [Test]
    public void Help_OfAVerb_HasItsWholeText() =>
        Assert.That(string.Join('\n', Help("run")), Does.Contain("127: COMMAND was not found").And.Contain("--map-root"));

    private static string FirstWord(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];

    private static string[] Help(string verb)
    {
        using var text = new StringWriter();
        Assert.That(OverlayFuse.Cli.Verbs.Invoke(verb.Length == 0 ? ["--help"] : [verb, "--help"], text), Is.Zero);
        return text.ToString().Split('\n');
    }
}
