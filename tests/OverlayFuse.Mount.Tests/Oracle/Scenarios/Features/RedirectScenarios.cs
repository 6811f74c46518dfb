using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>redirect_dir: directories of lower layers are renamed, and found again by their redirects.</summary>
internal sealed class RedirectScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const string On = "redirect_dir=on", Redirect = "trusted.overlay.redirect";

    [Test]
    public void Rename_LowerDirectory_LeavesARelativeRedirect()
    {
        Comparison result = Compare(On, [new Layer().File("d/s/f", "x")], new Rename("d", "e"), new ReadFile("e/s/f"), new ReadDir(""),
            new Lstat("d"), new Remount(), new ReadFile("e/s/f"));
        Assert.That(result.Upper["e"].Xattr(Redirect), Is.EqualTo("d"));
        Assert.That(result.Upper.Has("e/s"), Is.False, "nothing below is copied up");
    }

    [Test]
    public void Rename_LowerDirectoryElsewhere_LeavesAnAbsoluteRedirect()
    {
        Comparison result = Compare(On, [new Layer().File("d/s/f", "x").Dir("t")], new Rename("d/s", "t/u"), new ReadFile("t/u/f"),
            new ReadDir("t"), new Remount(), new ReadDir("t"), new ReadFile("t/u/f"));
        Assert.That(result.Upper["t/u"].Xattr(Redirect), Is.EqualTo("/d/s"));
    }

    [Test]
    public void Rename_MergedDirectoryAgainAndAgain_IsFoundThroughAllLayers() => Compare(On,
        [new Layer().File("d/a", "0"), new Layer().File("d/b", "1").File("d/s/x", "1"), new Layer().File("d/c", "2").File("d/s/y", "2")],
        new Rename("d", "e"), new Create("e/new"), new Rename("e", "f"), new Mkdir("g"), new Rename("f", "g/d"), new ReadDir("g/d"),
        new ReadDir("g/d/s"), new Rename("g/d/s", "s"),
        new ReadDir("s"), new ReadDir("g/d"), new Remount(), new ReadDir("s"), new ReadDir("g/d"), new ReadFile("g/d/c"),
        new ReadFile("s/y"), new SwitchSides(), new ReadDir("s"), new ReadDir("g/d"));

    [Test]
    public void Rename_ParentOfARedirectedDirectory_KeepsItsChildren() => Compare(On,
        [new Layer().File("p/q/r/f", "x")],
        new Rename("p/q/r", "p/q/r2"), new Rename("p/q", "p/q2"), new Rename("p", "p2"), new ReadFile("p2/q2/r2/f"),
        new Rename("p2/q2/r2", "out"), new ReadFile("out/f"),
        new Remount(), new ReadDir("p2/q2"), new ReadFile("out/f"));

    [Test]
    public void Exchange_LowerDirectories_BothKeepTheirContent() => Compare(On,
        [new Layer().File("a/x", "a").File("b/y", "b")],
        new Rename("a", "b", RenameFlags.Exchange), new ReadDir("a"), new ReadDir("b"), new Remount(), new ReadFile("a/y"),
        new ReadFile("b/x"));

    [Test]
    public void Mkdir_WhereADirectoryWasMovedAway_IsEmpty() => Compare(On,
        [new Layer().File("d/f", "x")], new Rename("d", "e"), new Mkdir("d"), new ReadDir("d"), new ReadDir("e"), new Remount(),
            new ReadDir("d"), new ReadDir("e"));

    [Test]
    public void Mkdir_InMergedDirectory_IsOpaque()
    {
        Comparison result = Compare(On, [new Layer().Dir("d")], new Mkdir("d/new"));
        Assert.That(result.Upper["d/new"].Xattr("trusted.overlay.opaque"), Is.EqualTo("y"));
    }

    [Test]
    public void Rename_RedirectLongerThanItMayBe_IsRefused()
    {
        string deep = string.Join('/', Enumerable.Repeat(new string('n', 60), 5));
        Compare(On, [new Layer().File(deep + "/f", "x")], new Rename(deep, "short"), new Rename(deep, deep + "2"), new ReadDir(""));
    }

    [TestCase("redirect_dir=follow")]
    [TestCase("redirect_dir=nofollow")]
    [TestCase("redirect_dir=off")]
    [TestCase("redirect_dir=on")]
    public void Lookup_RedirectInALowerLayer_ObeysTheOption(string options) => Compare(options,
        [new Layer().Dir("e").Xattr("e", Redirect, "d").Whiteout("d").Dir("t/u").Xattr("t/u", Redirect, "/d/s"),
            new Layer().File("d/s/f", "x")],
        new ReadDir(""), new ReadDir("e"), new Lstat("e"), new ReadFile("e/s/f"), new ReadDir("t"), new ReadDir("t/u"),
        new ReadFile("t/u/f"), new Rename("e", "e2"));

    [TestCase("..")]
    [TestCase(".")]
    [TestCase("../d")]
    [TestCase("a/b")]
    [TestCase("//d")]
    [TestCase("/d/")]
    [TestCase("/d/../d")]
    [TestCase("/")]
    [TestCase("")]
    [TestCase("/none")]
    [TestCase("none")]
    [TestCase("/d/file/x")]
    [TestCase("/link/s")]
    public void Lookup_HostileRedirect_LeadsNowhere(string redirect) => Compare("redirect_dir=on",
        [new Layer().File("e/own", "o").Xattr("e", Redirect, redirect), new Layer().File("d/s/f", "x").File("d/file").Symlink("link", "d")],
        new ReadDir("e"), new Lstat("e"), new ReadDir(""));

    [Test]
    public void Lookup_ChainOfRedirectsThroughLayers_IsFollowed() => Compare("redirect_dir=on",
        [
            new Layer().Dir("z").Xattr("z", Redirect, "y"),
            new Layer().File("y/one", "1").Xattr("y", Redirect, "/k/x"),
            new Layer().File("k/x/two", "2").Xattr("k", Redirect, "l"),
            new Layer().File("l/x/three", "3"),
        ],
        new ReadDir("z"), new ReadFile("z/three"), new Rename("z", "zz"), new Create("zz/four"), new Remount(), new ReadDir("zz"));

    [Test]
    public void Lookup_OpaqueOnTheWay_StopsAtIt() => Compare("redirect_dir=on",
        [new Layer().Dir("e").Xattr("e", Redirect, "/p/d"), new Layer().File("p/d/one", "1").Opaque("p"), new Layer().File("p/d/two", "2")],
        new ReadDir("e"), new ReadDir("p/d"));

    private Comparison Compare(string options, Layer[] lowers, params Operation[] operations) =>
        Compare(new Scenario(new Layer(), lowers, operations, options));
}
