using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Packaging;

/// <summary>The files for AppArmor, as its parser sees them. tests/roots tries what the package makes of them.</summary>
internal sealed class AppArmorTests
{
    /// <summary>Debian 12's parser knows neither the rule userns nor abi 4.0, so newer ones are fetched once.</summary>
    [Test]
    public void Profiles_ByTheParsersOfNewerDebians_AreTaken()
    {
        string said = Tool.Run(Path.Combine(ProgramUnderTest.Repository, "packaging", "check", "apparmor"));
        Assert.That(said.Split('\n').Count(line => line.StartsWith("apparmor: taken by ", StringComparison.Ordinal)), Is.EqualTo(2));
    }
}
