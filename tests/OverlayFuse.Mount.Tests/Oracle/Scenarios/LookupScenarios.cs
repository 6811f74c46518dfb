using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>Which layer a name comes from: fall-through, hiding, merging, whiteouts, opaque directories.</summary>
internal sealed class LookupScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    [Test]
    public void Lookup_NameInSeveralLayers_TopmostFileWins()
    {
        Comparison result = Compare(
            new Layer().File("a", "upper"),
            [new Layer().File("a", "middle").File("b", "middle"), new Layer().File("b", "bottom").File("c", "bottom")],
            new ReadFile("a"), new ReadFile("b"), new ReadFile("c"), new Lstat("d"));
        Assert.That(result.Answers, Is.EqualTo(new[] { "5 bytes upper", "6 bytes middle", "6 bytes bottom", "ENOENT" }));
    }

    [Test]
    public void Lookup_SixLayers_MergesEachDirectory()
    {
        Layer[] lowers = [.. Enumerable.Range(0, 5)
            .Select(i => new Layer().File($"d/e/only{i}", $"{i}").File("d/all", $"{i}").Dir("d/e", 700 + i))];
        Comparison result = Compare(new Layer().File("d/all", "u"), lowers, new ReadDir("d/e"), new ReadFile("d/all"), new Lstat("d/e"));
        Assert.That(result.Merged["d/e"].Permissions, Is.EqualTo(Mode.Bits(700)), "the topmost directory's mode");
    }

    [Test]
    public void Lookup_WhiteoutInUpperOrMiddle_Hides()
    {
        Comparison result = Compare(
            new Layer().Whiteout("a"), [new Layer().Whiteout("b").File("a"), new Layer().File("a").File("b")], new Lstat("a"),
            new Lstat("b"), new ReadDir(""));
        Assert.That(result.Answers.Take(2), Is.All.EqualTo("ENOENT"));
    }

    [Test]
    public void Lookup_FileAboveWhiteout_IsSeen() =>
        Compare([new Layer().File("a", "top"), new Layer().Whiteout("a"), new Layer().File("a", "bottom")], new ReadFile("a"),
            new ReadDir(""));

    [Test]
    public void Lookup_DirectoryAboveWhiteout_DoesNotMergeWithWhatIsBelow()
    {
        Comparison result = Compare(
            [new Layer().File("d/a"), new Layer().Whiteout("d"), new Layer().File("d/b")], new ReadDir("d"), new Lstat("d/b"));
        Assert.That(result.Answers[1], Is.EqualTo("ENOENT"));
    }

    [Test]
    public void Lookup_OpaqueDirectory_HidesTheLayersBelow()
    {
        Comparison result = Compare(
            new Layer().File("d/u").Opaque("d"), [new Layer().File("d/l").File("e/l").Opaque("e"), new Layer().File("d/b").File("e/b")],
            new ReadDir("d"), new ReadDir("e"), new Lstat("d/l"), new Lstat("e/b"));
        Assert.That(result.Answers.Skip(2), Is.All.EqualTo("ENOENT"));
    }

    [Test]
    public void Lookup_OpaqueParent_HidesLowerParentsInDepth() => Compare(
        [new Layer().File("a/b/c/top"), new Layer().Dir("a/b").Opaque("a").File("a/b/c/middle"),
            new Layer().File("a/b/c/bottom").File("a/x")],
        new ReadDir("a"), new ReadDir("a/b/c"), new Lstat("a/b/c/bottom"));

    [TestCase("", Description = "empty value")]
    [TestCase("n")]
    [TestCase("yy")]
    public void Lookup_OpaqueWithAnotherValue_IsNotOpaque(string value) => Compare(
        new Layer().Dir("d").Xattr("d", "trusted.overlay.opaque", value), [new Layer().File("d/a")], new ReadDir("d"), new Lstat("d/a"));

    [Test]
    public void Lookup_FileOverDirectoryAndDirectoryOverFile_TheUpperOneHides() => Compare(
        new Layer().File("a").Dir("b").File("b/x"), [new Layer().File("a/hidden").File("b", "hidden"), new Layer().File("b/hidden")],
        new Lstat("a"), new Lstat("a/hidden"), new ReadDir("b"));

    [Test]
    public void Lookup_FileBetweenDirectories_EndsTheMerge() => Compare(
        [new Layer().File("d/top"), new Layer().File("d"), new Layer().File("d/bottom")], new ReadDir("d"), new Lstat("d/bottom"));

    [Test]
    public void Lookup_CharacterDeviceOtherThanZero_IsNoWhiteout() => Compare(
        [new Layer().DeviceNode("null", 'c', 1, 3, 666).DeviceNode("b", 'b', 0, 0), new Layer().File("null").File("b")], new Lstat("null"),
            new Lstat("b"), new ReadDir(""));

    [Test]
    public void Lookup_SymlinkInMiddleLayer_HidesAndLeads() => Compare(
        [new Layer().Symlink("l", "d"), new Layer().File("l/hidden").File("d/a", "through")], new Readlink("l"), new ReadFile("l/a"),
            new Lstat("l/hidden"));

    [Test]
    public void Lookup_NonDirectoryAsParent_AnswersNotDirectory()
    {
        Comparison result = Compare(new Layer().File("a"), new Lstat("a/b"), new Create("a/b"), new Mkdir("a/b"), new Unlink("a/b"));
        Assert.That(result.Answers, Is.All.EqualTo("ENOTDIR"));
    }

    [Test]
    public void Lookup_MergedDirectory_TakesAttributesOfTheTopmost() => Compare(
        new Layer().Dir("d", 1750, 1000).Xattr("d", "user.top", "1"),
        [new Layer().Dir("d", 700, 7).Xattr("d", "user.low", "1").Acl("d", "u::rwx,u:1000:rwx,g::---,m::rwx,o::---")],
        new Lstat("d"), new ListXattr("d"));

    [Test]
    public void Lookup_ForeignUpperDirectory_GivesItAnOrigin()
    {
        var scenario = new Scenario(new Layer().Dir("d"), [new Layer().File("d/a")],
            [new Lstat("d"), new Lstat("d/a")])
        { ForeignUpper = true };
        Comparison result = Compare(scenario);
        Assert.That(result.Upper["d"].Xattr("trusted.overlay.origin"), Is.Not.Null);
    }

    [Test]
    public void Mount_UpperRootAttributes_AreThoseOfTheMount() => Compare(
        new Layer().Root(1751, 1000).Xattr("", "user.root", "x"), [new Layer().Root(700)], new Lstat(""), new ListXattr(""),
        new Chmod("", 705), new Lchown("", 5, 6), new Lstat(""));

    [Test]
    public void Mount_SameUpperAgain_ShowsWhatWasThere() => Compare(
        new Layer().File("d/a", "x").File("b"), new Unlink("b"), new Rename("d/a", "d/c"), new Mkdir("e"), new Remount(), new ReadDir(""),
        new ReadDir("d"), new ReadFile("d/c"));
}
