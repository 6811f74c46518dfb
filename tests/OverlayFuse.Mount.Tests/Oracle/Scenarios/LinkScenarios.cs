using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>Hard links and inode numbers (index=off).</summary>
internal sealed class LinkScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    [Test]
    public void Link_UpperFile_IsOneInode()
    {
        Comparison result = Compare(new Layer(), new Create("a", "x"), new Link("a", "b"), new Lstat("a"), new Lstat("b"),
            new Open("1", "b", O.RDWR), new Write("1", 0, "via b"), new ReadFile("a"),
            new Chmod("a", 600), new Lstat("b"), new Unlink("a"), new Lstat("b"), new Fstat("1"));
        Assert.That(result.Answers[2], Is.EqualTo(result.Answers[3]));
    }

    [Test]
    public void Link_LowerFile_CopiesItUpAndSharesTheInode()
    {
        Comparison result = Compare(new Layer().File("a", "x"), new Link("a", "d"), new Lstat("a"), new Lstat("d"), new Remount(),
            new Lstat("d"), new Lstat("a"));
        Assert.That(result.Upper["d"]["same inode as"], Is.EqualTo("a"));
    }

    [Test]
    public void Link_IntoLowerDirectoryAndOverWhiteout_Works() => Compare(
        new Layer().File("a", "x").Dir("d").File("w"), new Unlink("w"), new Link("a", "d/a"), new Link("a", "w"), new Lstat("w"),
        new ReadDir("d"), new Remount(), new Lstat("d/a"));

    [Test]
    public void Link_DirectoryOrMissing_AnswersAsTheKernel() =>
        Compare(new Layer().Dir("d").File("a"), new Link("d", "x"), new Link("none", "x"), new Link("a", "none/x"), new Link("a", "a"),
            new Link("a", "d"));

    [Test]
    public void Link_SymlinkFifoDevice_Works() => Compare(
        new Layer().Symlink("l", "x").Fifo("p").DeviceNode("c", 'c', 1, 3), new Link("l", "l2"), new Link("p", "p2"), new Link("c", "c2"),
        new Lstat("l2"), new Lstat("p"), new Lstat("c2"), new ReadDir(""));

    [Test]
    public void Lstat_LowerHardLinks_KeepTheirCountAndInode()
    {
        Comparison result = Compare(new Layer().File("a", "x").HardLink("b", "a").HardLink("d/c", "a"), new Lstat("a"), new Lstat("b"),
            new Lstat("d/c"), new ReadDir(""), new ReadDir("d"));
        Assert.That(result.Answers[0], Does.Contain("nlink 3"));
    }

    [Test]
    public void CopyUp_LowerHardLink_BreaksTheLinkAsWithoutIndex() => Compare(
        new Layer().File("a", "x").HardLink("b", "a").HardLink("c", "a"), new Lstat("a"), new Open("1", "a", O.RDWR),
        new Write("1", 0, "new"), new ReadFile("a"), new ReadFile("b"), new Lstat("a"), new Lstat("b"), new Fstat("1"),
        new ReadDir(""), new Chmod("b", 600), new Lstat("b"), new Lstat("c"), new Remount(), new Lstat("a"), new Lstat("b"), new Lstat("c"),
        new ReadDir(""));

    [Test]
    public void CopyUp_LowerHardLinkAfterReadDir_ListsItsNewInode() => Compare(
        new Layer().File("a", "x").HardLink("b", "a"), new ReadDir(""), new Chmod("a", 600), new ReadDir(""), new Lstat("a"),
        new Lstat("b"));

    [Test]
    public void Lstat_OverCopyUp_KeepsTheInode()
    {
        Comparison result = Compare(
            new Layer().File("d/f", "x").Symlink("d/l", "x").Fifo("d/p"), new Lstat("d/f"), new Lstat("d/l"), new Lstat("d/p"),
            new Lstat("d"), new Chmod("d/f", 644), new Utimens("d/l", 1, 1), new Chmod("d/p", 644),
            new Chmod("d", 755), new Lstat("d/f"), new Lstat("d/l"), new Lstat("d/p"), new Lstat("d"), new ReadDir("d"), new Remount(),
            new Lstat("d"), new Lstat("d/f"), new ReadDir("d"));
        foreach ((int before, int after) in new[] { (0, 8), (0, 15), (3, 11),
            (3, 14) }) Assert.That(InodeOf(result.Answers[after]), Is.EqualTo(InodeOf(result.Answers[before])));
    }

    [Test]
    public void Lstat_OverRename_KeepsTheInode() => Compare(
        new Layer().File("f", "x"), new Lstat("f"), new Rename("f", "g"), new Lstat("g"), new ReadDir(""), new Mkdir("d"), new Lstat("d"),
        new Rename("d", "e"), new Lstat("e"), new Rename("g", "e/h"), new Lstat("e/h"), new ReadDir("e"),
        new Remount(), new Lstat("e/h"), new ReadDir("e"));

    [Test]
    public void Unlink_LinksInTurn_CountDown() => Compare(
        new Layer(), new Create("a", "x"), new Link("a", "b"), new Link("a", "c"), new Open("1", "a", O.RDWR), new Unlink("a"),
        new Fstat("1"), new Unlink("c"), new Fstat("1"), new Lstat("b"), new Unlink("b"), new Fstat("1"), new Read("1", 0, 5));

    private static string InodeOf(string answer) => answer[answer.LastIndexOf('#')..];
}
