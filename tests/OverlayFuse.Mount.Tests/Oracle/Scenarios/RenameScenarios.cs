using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>rename(2) and renameat2(2) in all their forms.</summary>
internal sealed class RenameScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    [Test]
    public void Rename_LowerFile_CopiesUpAndLeavesAWhiteout()
    {
        Comparison result = Compare(new Layer().File("a", "x", 640, 7), new Rename("a", "b"), new Lstat("a"), new ReadFile("b"),
            new ReadDir(""));
        Assert.That(result.Upper["a"].IsWhiteout);
        Assert.That(result.Upper["b"].Xattr("trusted.overlay.origin"), Is.Not.Null);
    }

    [Test]
    public void Rename_UpperFile_LeavesNothing()
    {
        Comparison result = Compare(new Layer(), new Create("a"), new Rename("a", "b"));
        Assert.That(result.Upper.Has("a"), Is.False);
    }

    [Test]
    public void Rename_UpperFileOverLowerFile_LeavesAWhiteout() => Compare(
        new Layer().File("a", "low"), new Unlink("a"), new Create("a", "up"), new Rename("a", "b"), new Lstat("a"), new ReadFile("b"),
        new Remount(), new Lstat("a"));

    [Test]
    public void Rename_OntoWhiteout_ReplacesIt() => Compare(
        new Layer().File("a", "a").File("w"), new Unlink("w"), new Rename("a", "w"), new ReadFile("w"), new ReadDir(""), new Remount(),
        new ReadFile("w"));

    [TestCase("file", "file2")]
    [TestCase("file", "dir")]
    [TestCase("file", "full")]
    [TestCase("updir", "dir")]
    [TestCase("updir", "full")]
    [TestCase("updir", "file")]
    [TestCase("updir", "emptyup")]
    [TestCase("updir", "fullup")]
    [TestCase("dir", "full")]
    [TestCase("dir", "new")]
    [TestCase("merged", "new")]
    [TestCase("updir", "updir/below")]
    [TestCase("file", "none/x")]
    [TestCase("file", "file2/x")]
    [TestCase("none", "file")]
    [TestCase("link", "file")]
    [TestCase("file", "link")]
    [TestCase("fifo", "file")]
    [TestCase("file", "file")]
    [TestCase("file", "merged/same")]
    public void Rename_AnyOverAny_AnswersAsTheKernel(string from, string to)
    {
        Layer lower = new Layer().File("file", "1").File("file2", "2").Dir("dir").File("full/x").Symlink("link", "file").Fifo("fifo")
            .File("merged/same");
        Operation[] before = [new Mkdir("updir"), new Create("updir/inside", "i"), new Mkdir("emptyup"), new Mkdir("fullup"),
            new Create("fullup/x"), new Create("merged/new")];
        Operation[] after = [new Rename(from, to), new Lstat(from), new Lstat(to), new ReadDir(""), new Remount(), new ReadDir(""),
            new ReadDir(to)];
        Compare(lower, [.. before, .. after]);
    }

    [TestCase("file", "file2")]
    [TestCase("file", "free")]
    [TestCase("file", "gone")]
    [TestCase("updir", "dir")]
    [TestCase("updir", "free")]
    [TestCase("updir", "gone")]
    public void Rename_NoReplace_RefusesWhatIsThere(string from, string to) => Compare(
        new Layer().File("file", "1").File("file2", "2").Dir("dir").File("gone"), new Mkdir("updir"), new Create("updir/x"),
        new Unlink("gone"),
        new Rename(from, to, RenameFlags.NoReplace), new Lstat(from), new Lstat(to), new Remount(), new ReadDir(""));

    [TestCase("file", "file2")]
    [TestCase("file", "updir")]
    [TestCase("file", "dir")]
    [TestCase("updir", "updir2")]
    [TestCase("updir", "dir")]
    [TestCase("file", "new")]
    [TestCase("new", "file")]
    [TestCase("file", "free")]
    [TestCase("file", "gone")]
    [TestCase("gone", "file")]
    [TestCase("file", "d2/f")]
    [TestCase("updir", "d2/f")]
    [TestCase("file", "file")]
    public void Rename_Exchange_SwapsBoth(string from, string to) => Compare(
        new Layer().File("file", "1").File("file2", "2").Dir("dir").File("gone").File("d2/f", "3"),
        new Mkdir("updir"), new Create("updir/x"), new Mkdir("updir2"), new Create("new", "n"), new Unlink("gone"),
        new Rename(from, to, RenameFlags.Exchange), new Lstat(from), new Lstat(to), new ReadDir(""), new Remount(), new ReadDir(""),
        new ReadFile(from), new ReadFile(to));

    [Test]
    public void Rename_LowerDirectory_AnswersCrossDevice()
    {
        Comparison result = Compare(new Layer().File("d/a"), new Rename("d", "e"), new ReadDir(""));
        Assert.That(result.Answers[0], Is.EqualTo("EXDEV"));
        Assert.That(result.Upper.Entries.Keys, Is.EqualTo(new[] { "" }));
    }

    [Test]
    public void Rename_OpaqueUpperDirectory_Moves()
    {
        Comparison result = Compare(new Layer().File("d/u").Opaque("d"), [new Layer().File("d/l").File("e/f")], new Rename("d", "x"),
            new Lstat("d"), new ReadDir("x"), new Remount(), new ReadDir("x"));
        Assert.That(result.Answers[0], Is.EqualTo("ok"));
        Assert.That(result.Upper["d"].IsWhiteout);
    }

    [Test]
    public void Rename_UpperDirectoryOverRemovedLowerDirectory_DoesNotShowItsEntries() => Compare(
        new Layer().File("d/old"), new Unlink("d/old"), new Rmdir("d"), new Mkdir("n"), new Create("n/new"), new Rename("n", "d"),
        new ReadDir("d"), new Remount(), new ReadDir("d"));

    [Test]
    public void Rename_UpperDirectoryOverEmptiedMergedDirectory_DoesNotShowItsEntries() => Compare(
        new Layer().File("d/old"), new Unlink("d/old"), new Mkdir("n"), new Create("n/new"), new Rename("n", "d"), new ReadDir("d"),
        new Remount(), new ReadDir("d"));

    [Test]
    public void Rename_IntoLowerDirectory_MarksItImpure()
    {
        Comparison result = Compare(new Layer().File("a", "x").Dir("d"), new Rename("a", "d/a"), new ReadDir("d"), new Lstat("d/a"));
        Assert.That(result.Upper["d"].Xattr("trusted.overlay.impure"), Is.EqualTo("y"));
    }

    [Test]
    public void Rename_OriginFileIntoPureUpperDirectory_MarksItImpure() => Compare(
        new Layer().File("a", "x"), new Mkdir("n"), new Lstat("a"), new Rename("a", "n/a"), new ReadDir("n"), new Lstat("n/a"),
        new Remount(), new ReadDir("n"));

    [Test]
    public void Rename_BetweenNamesOfOneInode_DoesNothing() => Compare(
        new Layer(), new Create("a", "x"), new Link("a", "b"), new Rename("a", "b"), new ReadDir(""), new Lstat("a"));

    [Test]
    public void Rename_BetweenLowerHardLinks_AnswersAsTheKernel() =>
        Compare(new Layer().File("a", "x").HardLink("b", "a"), new Rename("a", "b"), new ReadDir(""), new ReadFile("b"));

    [Test]
    public void Rename_WithOpenDescriptors_KeepsThemUsable() => Compare(
        new Layer().File("a", "aaa").File("b", "bbb"), new Open("1", "a", O.RDONLY), new Open("2", "b", O.RDWR), new Rename("a", "b"),
        new Read("1", 0, 9), new Read("2", 0, 9), new Write("2", 0, "B"),
        new Fstat("1"), new Fstat("2"), new ReadFile("b"));

    [Test]
    public void Rename_AndBack_LeavesNoWhiteoutBehind()
    {
        Comparison result = Compare(new Layer().File("a", "x"), new Rename("a", "b"), new Rename("b", "a"), new ReadDir(""), new Remount(),
            new ReadFile("a"), new Lstat("b"));
        Assert.That(result.Upper.Has("b"), Is.False);
    }

    [Test]
    public void Rename_DirectoryWithLowerChildrenMovedIn_KeepsThem() => Compare(
        new Layer().File("a", "x").File("b", "y"), new Mkdir("n"), new Rename("a", "n/a"), new Rename("b", "n/b"), new Rename("n", "m"),
        new ReadDir("m"), new ReadFile("m/a"), new Remount(), new ReadDir("m"), new Lstat("n"));
}
