using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>What the file system below a layer has of its own shows through, or does not.</summary>
internal sealed class FileSystemScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    /// <summary>statx(2) says of every file on EROFS that it is immutable; no chattr(1) did that.</summary>
    [Test]
    public void Change_OfFilesOnErofs_IsAllowed() => Compare(
        new Layer().On("erofs").File("f", "content").File("d/in", "x").Symlink("l", "f").Dir("empty"),
        new Chmod("f", 600), new OpenFile("1", "d/in", O.RDWR), new Write("1", 0, "y"), new ReadFile("d/in"), new Lchown("l", 5, 6),
        new Rmdir("empty"), new Chmod("d", 700), new Unlink("f"), new ReadDir(""));

    /// <summary>rename(2) may say EEXIST or ENOTEMPTY; XFS says the former.</summary>
    [TestCase("")]
    [TestCase("xfs")]
    [TestCase("btrfs")]
    public void Rename_OntoAFullDirectoryOfTheUpper_IsRefusedInTheWordsOfItsFileSystem(string upper) => Compare(
        new Layer().On(upper).Dir("from").File("full/x"), [new Layer().File("merged/x")], new Rename("from", "full"),
        new Rename("from", "merged"), new Rmdir("full"), new ReadDir("full"));

    /// <summary>For btrfs truncate(2) to the size that a file has is no change; ftruncate(2) and O_TRUNC are changes everywhere.</summary>
    [TestCase("")]
    [TestCase("xfs")]
    [TestCase("btrfs")]
    public void Truncate_ToTheSizeThatItHas_IsAChangeWhereItsFileSystemSaysSo(string upper) => Compare(
        new Layer().On(upper).File("f", "x").File("open", "x").File("empty"), [new Layer().File("low", "x")],
        new Truncate("f", 1), new Lstat("f"), new Truncate("low", 1), new Lstat("low"), new OpenFile("1", "open", O.RDWR),
        new Truncate("open", 1), new Lstat("open"), new Ftruncate("1", 1), new Lstat("open"),
        new Open("2", "empty", O.WRONLY | O.TRUNC), new Lstat("empty"));

    /// <summary>
    /// With xino=on lower layers do not change between mounts: below a new directory there will be nothing (ovl_allow_offline_changes).
    /// </summary>
    [TestCase("xino=off")]
    [TestCase("xino=auto")]
    [TestCase("xino=on")]
    public void Mkdir_InAMergedDirectory_IsCutOffWithXino(string options) => Compare(
        new Scenario(new Layer(), [new Layer().Dir("d").Whiteout("d/was")],
            [new Mkdir("d/was"), new Mkdir("d/new"), new Mkdir("top"), new ReadDir("d")], options));

    /// <summary>With xino=on a file has the same number at the next mount, whatever was looked at first.</summary>
    [Test]
    public void Lstat_LayersOnSeveralFileSystems_NumbersStayOverMounts() => Compare(new Scenario(
        new Layer().On("btrfs"), [new Layer().On("ext4").File("a"), new Layer().On("xfs").File("b"), new Layer().On("tmpfs").File("d/c")],
        [new Lstat("a"), new Lstat("b"), new Lstat("d"), new Lstat("d/c"), new Remount(), new Lstat("d/c"), new Lstat("b"), new Lstat("a"),
            new Lstat("d")], "xino=on"));

    [Test]
    public void Lookup_LayersOnAllFileSystems_AreMerged() => Compare(
        new Layer().On("xfs"),
        [new Layer().On("ext4").File("d/a", "ext4"), new Layer().On("btrfs").File("d/b", "btrfs"),
            new Layer().On("erofs").File("d/c", "erofs").HardLink("d/c2", "d/c"), new Layer().On("tmpfs").File("d/d", "tmpfs")],
        new ReadDir("d"), new Chmod("d/a", 600), new Rename("d/b", "d/bb"), new Link("d/c", "d/cc"), new Unlink("d/d"), new Lstat("d/cc"),
        new Remount(), new ReadFile("d/bb"), new SwitchSides(), new ReadFile("d/cc"), new Rotate(), new Chmod("d/bb", 640),
        new ReadDir("d"));
}
