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
        AssertTwelve(Try($"OVERLAYFUSE=$P '{Folder}/run' {language}"));

    /// <summary>The packages that `make fixtures` has made. Root alone has a home for npm.</summary>
    [TestCase("wheel"), TestCase("vitest"), Category("FixturesLong")]
    public void Twelve_FromAPackage_HaveAllPassed(string language)
    {
        if (Runner == Runner.User && language == "vitest") Assert.Ignore("npm needs a home");
        AssertTwelve(Try($"'{Folder}/run' {language} '{ProgramUnderTest.Repository}/artifacts/fixtures'"));
    }

    private static void AssertTwelve(ToolResult result)
    {
        Assert.That(Twelve, Has.Length.EqualTo(12));
        Assert.That(result.Output, Is.EqualTo(string.Concat(Twelve.Select(name => $"ok {name}\n"))), result.Error);
    }
}
