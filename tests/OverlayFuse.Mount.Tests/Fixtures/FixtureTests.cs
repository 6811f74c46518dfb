using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Fixtures;

/// <summary>
/// The same twelve tests (fixtures/twelve.txt) in every language, by root and by an ordinary user. Those in C# are TwelveTests of
/// OverlayFuse.Testing.Tests.
/// </summary>
[TestFixture(Runner.Root), TestFixture(Runner.User)]
internal sealed class FixtureTests(Runner runner) : RunTest(runner)
{
    private static string Folder => Path.Combine(ProgramUnderTest.Repository, "fixtures");

    private static string[] Twelve => File.ReadAllLines(Path.Combine(Folder, "twelve.txt"));

    [TestCase("dash"), TestCase("bash"), TestCase("busybox"), TestCase("bats"), TestCase("pytest"), TestCase("node"), Category("Fixtures")]
    public void Twelve_InALanguage_HaveAllPassed(string language) =>
        AssertTwelve(TryAll($"OVERLAYFUSE=$P '{Folder}/run' {language}"));

    /// <summary>The packages that `make fixtures` has made. Root alone has a home for npm.</summary>
    [TestCase("wheel"), TestCase("vitest"), Category("FixturesLong")]
    public void Twelve_FromAPackage_HaveAllPassed(string language)
    {
        if (Runner == Runner.User && language == "vitest") Assert.Ignore("npm needs a home");
        AssertTwelve(TryAll($"'{Folder}/run' {language} '{ProgramUnderTest.Repository}/artifacts/fixtures'"));
    }

    /// <summary>Twelve tests, and vitest from the network, take longer than one script of the base class.</summary>
    private ToolResult TryAll(string script)
    {
        string whole = $"export P={Program} TMPDIR={Home}/tmp\n{script}";
        return Runner == Runner.Root ? Bash.Try(whole, Home) : User.Try(whole, Home);
    }

    private static void AssertTwelve(ToolResult result)
    {
        Assert.That(Twelve, Has.Length.EqualTo(12));
        Assert.That(result.Output, Is.EqualTo(string.Concat(Twelve.Select(name => $"ok {name}\n"))), result.Error);
    }
}
