using OverlayFuse.Testing.Tests.Support;

namespace OverlayFuse.Testing.Tests;

/// <summary>Errors name the thing and the remedy.</summary>
internal sealed class RefusalTests : OverlayTest
{
    [Test]
    public void Create_LowerMissing_NamesIt() =>
        Assert.That(() => OverlayMount.Create(Path.Combine(Root, "none"), Options),
            Refused($"--lower={Root}/none: does not exist; create it"));

    [Test]
    public void Create_TemporaryDirectoryInTheLower_SaysWhereElse() =>
        Assert.That(() => OverlayMount.Create(Root, Options), Refused("the changes must not; set TMPDIR to a directory outside of it"));

    [Test]
    public void Create_WithAnUnknownOption_NamesIt() =>
        Assert.That(() => OverlayMount.Create(Lower, Options with { MountOptions = ["nosuch=1"] }), Refused("option nosuch=1: unknown"));

    [Test]
    public void Create_WithoutLowers_SaysSo() =>
        Assert.That(() => OverlayMount.Create([], Options), Refused("hold: --lower is missing"));

    [Test]
    public void Create_ProgramThatIsNone_SaysSo()
    {
        Bash("echo text > text");
        Assert.That(() => OverlayMount.Create(Lower, Options with { Program = Path.Combine(Root, "text") }),
            Refused("/text: cannot be started: "));
    }

    [Test]
    public void Create_ProgramThatHangs_IsGivenUp()
    {
        Bash("printf '#!/bin/sh\\nexec sleep 100\\n' > slow; chmod +x slow");
        Assert.That(() => OverlayMount.Create(Lower,
            Options with { Program = Path.Combine(Root, "slow"), Timeout = TimeSpan.FromSeconds(0.2) }),
            Refused("has said nothing for 0.2 s, and was killed").And.Message.Contains("OverlayMountOptions.Timeout can be longer"));
    }

    [Test]
    public void Find_AskedForOneThatIsMissing_NamesWhoAsked()
    {
        Assert.That(() => ProgramLocator.Find("/none", null, Root, Root), Refused("OverlayMountOptions.Program=/none: does not exist"));
        Assert.That(() => ProgramLocator.Find(null, "/none", Root, Root), Refused("OVERLAYFUSE=/none: does not exist"));
    }

    [Test]
    public void Find_InNoPlace_ListsAllAndTheRemedy() =>
        Assert.That(() => ProgramLocator.Find(null, "", "/beside", "/a:/b"),
            Refused("OVERLAYFUSE is not set, there is no /beside/runtimes/linux-x64/native/overlayfuse and no /beside/overlayfuse, and "
                + "none in PATH (/a:/b); install it (make install)"));

    /// <summary>The first of: asked for, variable, beside us, PATH.</summary>
    [Test]
    public void Find_InSeveralPlaces_TakesTheFirst()
    {
        Bash("mkdir -p beside/runtimes/linux-x64/native path flat; touch asked variable path/overlayfuse; "
            + "for d in beside/runtimes/linux-x64/native flat; do touch $d/overlayfuse; chmod 644 $d/overlayfuse; done");
        string Find(string? asked, string? variable, string beside) =>
            Path.GetRelativePath(Root, ProgramLocator.Find(asked, variable, beside, "/none:" + Path.Combine(Root, "path")));
        string asked = Path.Combine(Root, "asked"), variable = Path.Combine(Root, "variable"), beside = Path.Combine(Root, "beside");
        Assert.That(
            new[] { Find(asked, variable, beside), Find(null, variable, beside), Find(null, null, beside),
                Find(null, null, Path.Combine(Root, "flat")), Find(null, "", "/none") },
            Is.EqualTo(new[] { "asked", "variable", "beside/runtimes/linux-x64/native/overlayfuse", "flat/overlayfuse",
                "path/overlayfuse" }));
        Assert.That(Bash("stat -c %a flat/overlayfuse"), Is.EqualTo("755\n"), "what a package brings is made executable");
    }

    [Test]
    public void ParseLines_OfAnotherProgram_SaysWhichLine() =>
        Assert.That(() => OverlayChange.ParseLines("A a\nwhat?\n"u8), Refused("'what?': not a line of 'overlayfuse changes'"));

    private static NUnit.Framework.Constraints.ContainsConstraint Refused(string text) =>
        Throws.TypeOf<OverlayMountException>().With.Message.Contains(text);
}
