using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>
/// index: hard links of lower files stay one file. Which of the names are already linked in the upper layer is left to the implementation
/// (FUSE does not say by which of its names a file is changed), so the merged views are compared, not the uppers.
/// </summary>
internal sealed class IndexScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private static readonly Layer Lower = new Layer().File("a", "one").HardLink("b", "a").HardLink("d/c", "a").Symlink("s", "a")
        .HardLink("s2", "s").Fifo("p").HardLink("p2", "p").File("other", "x");

    [TestCase("index=on")]
    [TestCase("index=on,redirect_dir=on,metacopy=on")]
    public void Change_ByOneName_IsSeenByAll(string options) => Merged(options,
        new OpenFile("0", "b", O.RDONLY), new OpenFile("1", "a", O.RDWR), new Write("1", 0, "ONE+"), new Read("0", 0, 9),
        new ReadFile("d/c"), new Chmod("d/c", 600), new Lstat("a"), new Lstat("b"), new Lstat("d/c"),
        new Remount(), new ReadFile("b"), new Lstat("a"), new Lstat("d/c"), new SwitchSides(), new ReadFile("d/c"), new Lstat("b"));

    [TestCase("index=on")]
    [TestCase("index=on,redirect_dir=on,metacopy=on")]
    public void Names_ComeAndGo_TheirNumberIsRight(string options) => Merged(options,
        new Unlink("a"), new Lstat("b"), new Lstat("d/c"), new Link("b", "n"), new Lstat("n"), new Rename("d/c", "m"), new Lstat("m"),
        new Rename("other", "m"), new Lstat("b"), new ReadFile("m"),
        new Remount(), new Lstat("b"), new ReadFile("n"), new Unlink("b"), new Lstat("n"), new OpenFile("0", "n", O.RDONLY),
        new Unlink("n"), new Fstat("0"), new Read("0", 0, 9), new ReadDir(""), new SwitchSides(), new ReadDir(""));

    [Test]
    public void Change_OfSpecialFiles_IsSeenByAllNames() => Merged("index=on",
        new Lchown("s", 5, 6), new Lstat("s2"), new Chmod("p2", 600), new Lstat("p"), new Unlink("s"), new Lstat("s2"), new Remount(),
        new Lstat("s2"), new Lstat("p"));

    [Test]
    public void Exchange_Names_KeepsBoth() => Merged("index=on",
        new Rename("b", "other", RenameFlags.Exchange), new ReadFile("b"), new ReadFile("other"), new Lstat("other"), new Lstat("a"),
        new Remount(), new Lstat("other"), new Lstat("d/c"));

    [Test]
    public void LastName_Unlinked_LeavesNothingInTheIndex()
    {
        Comparison result = Merged("index=on", new Chmod("a", 600), new Unlink("a"), new Unlink("b"), new Unlink("d/c"), new ReadDir(""),
            new ReadDir("d"));
        Assert.That(result.LeftInIndex, Is.Empty);
    }

    private Comparison Merged(string options, params Operation[] operations) =>
        Compare(new Scenario(new Layer(), [Lower], operations, options) { OnlyMerged = true });
}
