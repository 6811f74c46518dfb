using System.Text.Json;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>`--json`: one document, whose keys docs/usage.md names. An error is a line on standard error.</summary>
internal sealed class JsonTests
{
    /// <summary>These print nothing when they succeed, or speak a protocol of their own, or print a script or a file.</summary>
    private static readonly string[] WithoutJson =
        ["hold", "add-layer", "refresh", "unmount", "bugreport", "completion", "snapshotter", "cat-layer"];

    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = new CliSandbox();
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        File.WriteAllText(Path.Combine(sandbox.MountPoint, "new"), "");
        File.WriteAllText(Path.Combine(sandbox.MountPoint, "file"), "changed");
        File.Delete(Path.Combine(sandbox.MountPoint, "below"));
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("options")]
    [TestCase("layers", "m")]
    [TestCase("list")]
    [TestCase("doctor")]
    [TestCase("changes", "m")]
    [TestCase("explain", "m/file")]
    [TestCase("tree", "m")]
    public void Json_OfAVerb_IsAnArrayWithTheKeysOfThePage(params string[] words)
    {
        ToolResult result = sandbox.Start([.. words, "--json"]);
        Assert.That(result.Error, Is.Empty);
        using var document = JsonDocument.Parse(result.Output);
        string row = File.ReadLines(Path.Combine(ProgramUnderTest.Repository, "docs", "usage.md"))
            .First(line => line.StartsWith('|') && line.Split('|')[1].Contains($"`{words[0]}`", StringComparison.Ordinal)
                && line.Contains("`, `", StringComparison.Ordinal) && !line.Contains("](", StringComparison.Ordinal));
        string[] keys = [.. document.RootElement[0].EnumerateObject().Select(member => member.Name)];
        Assert.That(keys, Is.Not.Empty);
        Assert.That(keys.Where(key => !row.Contains($"`{key}`", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Json_OfChanges_NamesEachChange() =>
        Assert.That(Changes(sandbox.Start("changes", "m", "--json").Output),
            Is.EquivalentTo(new[] { "deleted below", "modified file", "added new" }));

    [TestCase("--diff")]
    [TestCase("--diff=list")]
    public void Json_OfRun_NamesEachChange(string diff)
    {
        ToolResult result = sandbox.Start("run", diff, "--json", "--lower", "a", "--", "sh", "-c", "rm a/file; echo x >a/new");
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        string list = diff == "--diff" ? result.Output : File.ReadAllText(sandbox.PathOf("list"));
        Assert.That(Changes(list), Is.EquivalentTo(new[] { "deleted file", "added new" }));
    }

    [TestCase(2, "run: --json: says how --diff prints; write --diff, too", "run", "--json", "--lower", "a", "--", "true")]
    [TestCase(1, "nowhere: cannot be opened (ENOENT)", "layers", "nowhere", "--json")]
    [TestCase(1, "nowhere: cannot be opened (ENOENT)", "changes", "nowhere", "--json")]
    public void Json_OfAnError_IsALineOnStandardError(int status, string text, params string[] words)
    {
        ToolResult result = sandbox.Start(words);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((words[0] == "run" ? 125 : status, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: " + text).And.EndWith("\n"));
    }

    [Test]
    public void Json_OfTheOtherVerbs_IsNotThere()
    {
        string[] verbs = [.. Bash.Run($"'{Overlayfuse.Path}' --help | sed -n '/^Commands:/,$s/^  \\([a-z][a-z-]*\\).*/\\1/p'")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        string[] without = [.. verbs.Where(verb => !sandbox.Start(verb, "--help").Output.Contains("--json", StringComparison.Ordinal))];
        Assert.That(without, Is.EquivalentTo(WithoutJson));
    }

    private static IEnumerable<string> Changes(string text)
    {
        using var document = JsonDocument.Parse(text);
        return [.. document.RootElement.EnumerateArray().Select(change => $"{change.GetProperty("change")} {change.GetProperty("path")}")];
    }
}
