using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>unlink and rmdir: whiteouts, and nothing copied up.</summary>
internal sealed class RemoveScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    [Test]
    public void Unlink_LowerOnlyFile_LeavesAWhiteout()
    {
        Comparison result = Compare(new Layer().File("a", "x"), new Unlink("a"), new Lstat("a"), new ReadDir(""));
        Assert.That(result.Upper["a"].IsWhiteout);
    }

    [Test]
    public void Unlink_UpperOnlyFile_LeavesNothing()
    {
        Comparison result = Compare(new Layer(), new Create("a"), new Unlink("a"), new ReadDir(""));
        Assert.That(result.Upper.Has("a"), Is.False);
    }

    [Test]
    public void Unlink_FileInBothLayers_LeavesAWhiteout()
    {
        Comparison result = Compare(new Layer().File("a", "new"), [new Layer().File("a", "old")], new Unlink("a"), new Lstat("a"));
        Assert.That(result.Upper["a"].IsWhiteout);
    }

    [Test]
    public void Unlink_FileInPureUpperDirectory_LeavesNothing()
    {
        Comparison result = Compare(new Layer(), new Mkdir("d"), new Create("d/a"), new Unlink("d/a"), new ReadDir("d"));
        Assert.That(result.Upper.Has("d/a"), Is.False);
    }

    [Test]
    public void Unlink_UpperFileOverWhiteout_LeavesNoSecondWhiteout()
    {
        Layer[] lowers = [new Layer().Whiteout("a"), new Layer().File("a", "hidden")];
        Compare(lowers, new Create("a"), new Unlink("a"), new Lstat("a"), new Remount(), new Lstat("a"));
    }

    [Test]
    public void Unlink_FileInOpaqueDirectory_LeavesNoWhiteout()
    {
        Comparison result = Compare(new Layer().File("d/a").Opaque("d"), [new Layer().File("d/a")], new Unlink("d/a"), new ReadDir("d"));
        Assert.That(result.Upper.Has("d/a"), Is.False);
    }

    [Test]
    public void Unlink_DeepLowerFile_CopiesUpItsParentsOnly()
    {
        Comparison result = Compare(new Layer().Dir("a", 751, 7).Dir("a/b", 1770, 8).File("a/b/c", "x").File("a/b/stays"),
            new Unlink("a/b/c"));
        Assert.That(result.Upper.Entries.Keys, Is.EqualTo(new[] { "", "a", "a/b", "a/b/c" }));
    }

    [Test]
    public void Unlink_TwoNames_ShareOneWhiteoutInode()
    {
        Comparison result = Compare(new Layer().File("a").File("b"), new Unlink("a"), new Unlink("b"));
        Assert.That(result.Upper["b"]["same inode as"], Is.EqualTo("a"));
    }

    [TestCase("missing")]
    [TestCase("directory")]
    [TestCase("file/below")]
    [TestCase("hidden")]
    public void Unlink_NoSuchFile_AnswersAsTheKernel(string path) =>
        Compare([new Layer().Dir("directory").File("file").Whiteout("hidden"), new Layer().File("hidden")], new Unlink(path),
            new Rmdir(path));

    [Test]
    public void Unlink_AnyType_LeavesAWhiteout() => Compare(
        new Layer().Symlink("l", "x").Fifo("p").Socket("s").DeviceNode("c", 'c', 1, 3).DeviceNode("b", 'b', 7, 0),
        new Unlink("l"), new Unlink("p"), new Unlink("s"), new Unlink("c"), new Unlink("b"), new ReadDir(""));

    [Test]
    public void Unlink_LowerHardLink_LeavesTheOtherNameItsCount() => Compare(
        new Layer().File("a", "x").HardLink("b", "a"), new Unlink("a"), new Lstat("b"), new ReadFile("b"));

    [Test]
    public void Unlink_Twice_AnswersNoEntry()
    {
        Comparison result = Compare(new Layer().File("a"), new Unlink("a"), new Unlink("a"), new Rmdir("a"));
        Assert.That(result.Answers, Is.EqualTo(new[] { "ok", "ENOENT", "ENOENT" }));
    }

    [Test]
    public void Rmdir_LowerDirectory_LeavesAWhiteout()
    {
        Comparison result = Compare(new Layer().Dir("d"), new Rmdir("d"), new Lstat("d"), new ReadDir(""));
        Assert.That(result.Upper["d"].IsWhiteout);
    }

    [Test]
    public void Rmdir_DirectoryWithEntriesBelow_AnswersNotEmpty()
    {
        Comparison result = Compare(new Layer().Dir("d"), [new Layer().File("d/a")], new Rmdir("d"), new ReadDir("d"));
        Assert.That(result.Answers[0], Is.EqualTo("ENOTEMPTY"));
    }

    [Test]
    public void Rmdir_MergedDirectoryOfWhiteoutsOnly_Succeeds()
    {
        Comparison result = Compare(
            new Layer().File("d/a").File("d/b").Dir("d/e"), new Unlink("d/a"), new Unlink("d/b"), new Rmdir("d/e"), new Rmdir("d"),
            new Lstat("d"));
        Assert.That(result.Upper["d"].IsWhiteout);
    }

    [Test]
    public void Rmdir_UpperDirectoryWithPlantedWhiteouts_Succeeds() => Compare(
        new Layer().Whiteout("d/a").Opaque("d"), [new Layer().File("d/a")], new Rmdir("d"), new ReadDir(""));

    [Test]
    public void Rmdir_DirectoryHiddenByMiddleWhiteouts_Succeeds() => Compare(
        [new Layer().Whiteout("d/a"), new Layer().File("d/a")], new ReadDir("d"), new Rmdir("d"), new Lstat("d"));

    [Test]
    public void Rmdir_PureUpperDirectory_LeavesNothing()
    {
        Comparison result = Compare(new Layer(), new Mkdir("d"), new Rmdir("d"));
        Assert.That(result.Upper.Has("d"), Is.False);
    }

    [Test]
    public void Rmdir_DirectoryStillOpen_KeepsTheStreamUsable() => Compare(
        new Layer().File("d/a"), new OpenDir("s", "d"), new Unlink("d/a"), new Rmdir("d"), new RewindDir("s"), new ReadRest("s"),
        new Create("d/b"));

    [Test]
    public void Rmdir_DirectoryStillOpen_LeavesItsModeToItsDescriptor() => Compare(
        new Layer().Dir("a"), [new Layer().File("a", "hidden by the directory")], new Open("0", "a", O.RDONLY), new Rmdir("a"),
        new Fstat("0"), new Lstat("a"));

    [Test]
    public void Rmdir_UnlinkedNames_CanBeMadeAgainAfterRemount() => Compare(
        new Layer().File("d/a").Dir("e"), new Unlink("d/a"), new Rmdir("e"), new Remount(), new Lstat("d/a"), new Lstat("e"),
        new Create("d/a", "new"), new Mkdir("e"), new Remount(), new ReadFile("d/a"), new ReadDir("e"));

    [Test]
    public void Unlink_AsStrangerInForeignOrStickyDirectory_AnswersAsTheKernel() => Compare(
        new Layer().Dir("closed").File("closed/a", "", 666, 1000).Dir("sticky", 1777).File("sticky/mine", "", 644, 1000)
            .File("sticky/his", "", 666, 1001)
            .Dir("sticky/hisdir", 777, 1001),
        new As(1000, new Unlink("closed/a")), new As(1000, new Unlink("sticky/his")), new As(1000, new Unlink("sticky/mine")),
        new As(1000, new Rmdir("sticky/hisdir")), new As(1000, new Rename("sticky/his", "sticky/taken")));
}
