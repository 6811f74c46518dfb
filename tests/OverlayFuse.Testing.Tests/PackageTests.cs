using OverlayFuse.Testing.Tests.Support;

namespace OverlayFuse.Testing.Tests;

/// <summary>The NuGet package, as somebody else uses it.</summary>
internal sealed class PackageTests : OverlayTest
{
    private static string Repository => Bash("git rev-parse --show-toplevel", TestContext.CurrentContext.TestDirectory).Trim();

    [Test]
    public void Package_InAProjectElsewhere_RunsTheTestsOfItsReadme()
    {
        string output = Bash($"MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false dotnet pack {Repository}/src/OverlayFuse.Testing -c "
            + $"Release -o packages -v quiet --nologo; {Repository}/tests/testing-package packages 2>&1", Root);
        Assert.That(output,
            Does.Contain("Passed Clean_OfATree_RemovesObjectsAndNothingElse").And.Contain("Passed BuildTests.Build_OfATree_AddsItsOutput")
                .And.Match("(?m)^Total tests: 3\n +Passed: 3$"));
    }
}
