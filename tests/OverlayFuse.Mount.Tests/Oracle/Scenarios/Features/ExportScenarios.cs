using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>nfs_export: the upper and the index are the kernel's, entry for entry, and each side goes on with the other's.</summary>
internal sealed class ExportScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const string Exported = "index=on,nfs_export=on", Redirected = Exported + ",redirect_dir=on";

    private static readonly Layer Lower = new Layer().File("f", "one").File("g", "two").File("d/f", "in d").File("d/e/f", "in e")
        .Dir("empty").Symlink("s", "f").Fifo("p").File("a", "linked").HardLink("b", "a").HardLink("d/c", "a");

    [Test]
    public void CopyUp_OfAllTypes_IsIndexed() => Run(Exported,
        new Chmod("f", 600), new Lchown("s", 5, 6), new Chmod("p", 600), new Chmod("d/e", 700), new Chmod("empty", 711), new Lstat("f"),
        new Lstat("d/e"), new Lstat("s"), new Remount(), new Lstat("f"), new Lstat("p"), new ReadFile("d/e/f"));

    [Test]
    public void Remove_OfCopiedUpAndOfLower_LeavesWhiteoutsInTheIndex() => Run(Exported,
        new Chmod("f", 600), new Unlink("f"), new Unlink("g"), new Unlink("s"), new Rmdir("empty"), new Unlink("d/e/f"), new Rmdir("d/e"),
        new ReadDir(""), new ReadDir("d"), new Remount(), new ReadDir(""), new ReadDir("d"), new Lstat("f"));

    [Test]
    public void Rename_OfFilesAndOverFiles_KeepsTheIndex() => Run(Redirected,
        new Rename("f", "n"), new Lstat("n"), new Rename("g", "d/f"), new ReadFile("d/f"), new Rename("d/e", "moved"),
        new ReadFile("moved/f"), new Rename("moved", "empty"), new ReadDir("empty"), new Remount(), new ReadFile("empty/f"),
        new ReadFile("d/f"), new Rename("d", "again"), new ReadFile("again/f"));

    [Test]
    public void Made_Files_AreNotIndexed() => Run(Exported,
        new Mkdir("new", 755), new OpenFile("0", "new/f", O.RDWR | O.CREAT, 644), new Write("0", 0, "x"), new Link("new/f", "new/g"),
        new Unlink("new/f"), new Unlink("new/g"), new Rmdir("new"), new ReadDir(""));

    [Test]
    public void Link_OfCopiedUpFile_IsCounted() => Run(Exported,
        new Link("f", "l"), new Lstat("f"), new Unlink("f"), new Lstat("l"), new Remount(), new Lstat("l"), new ReadFile("l"),
        new Unlink("l"), new ReadDir(""), new Remount(), new ReadDir(""));

    [Test]
    public void OpenFile_Unlinked_LivesOn() => Run(Exported,
        new OpenFile("0", "f", O.RDWR), new Unlink("f"), new Write("0", 0, "ONE+"), new Read("0", 0, 9), new Fstat("0"),
        new OpenFile("1", "f", O.RDWR | O.CREAT, 644), new Write("1", 0, "new"), new ReadFile("f"), new Lstat("f"));

    [Test]
    public void SwitchSides_Often_EachGoesOnWithTheOthers() => Run(Redirected,
        new Chmod("f", 600), new Chmod("d", 700), new SwitchSides(), new Lstat("f"), new Rename("d", "n"), new Unlink("g"),
        new SwitchSides(), new ReadFile("n/f"), new Unlink("n/f"), new Unlink("f"), new SwitchSides(), new ReadDir("n"), new ReadDir(""));

    private void Run(string options, params Operation[] operations) => Compare(new Scenario(new Layer(), [Lower], operations, options));
}
