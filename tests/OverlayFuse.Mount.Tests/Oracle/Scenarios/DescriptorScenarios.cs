using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>Descriptors that outlive their names, and descriptors from before a copy-up.</summary>
internal sealed class DescriptorScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private static readonly Operation[] FullUse =
    [
        new Read("1", 0, 20), new Write("1", 2, "written"), new Read("1", 0, 20), new Fstat("1"), new Ftruncate("1", 5), new Fstat("1"),
        new Fchmod("1", 640), new Fchown("1", 3, 4), new Futimens("1", 8, 9, 10),
        new FsetXattr("1", "user.late", "x"), new FgetXattr("1", "user.late"), new FlistXattr("1"), new MapWrite("1", "map"),
        new MapRead("1", 4), new Reopen("2", "1", O.RDWR), new Read("2", 0, 20), new WriteNext("2", "again"),
        new Fallocate("1", FallocFlags.None, 0, 10_000), new Seek("1", 0, 4), new Fsync("1"), new Fstat("1"), new Close("2"),
        new Fstat("1"), new Read("1", 0, 20),
    ];

    [Test]
    public void Use_UnlinkedUpperFile_WorksFully() =>
        Compare(new Layer(), [new Create("a", "0123456789"), new Open("1", "a", O.RDWR), new Unlink("a"), .. FullUse, new ReadDir("")]);

    [Test]
    public void Use_UnlinkedCopiedUpFile_WorksFully() =>
        Compare(new Layer().File("a", "0123456789"), [new Open("1", "a", O.RDWR), new Unlink("a"), .. FullUse, new ReadDir("")]);

    [Test]
    public void Read_UnlinkedLowerFile_KeepsItsData() => Compare(
        new Layer().File("a", "0123456789"), new Open("1", "a", O.RDONLY), new Unlink("a"), new Read("1", 0, 20),
        new Reopen("2", "1", O.RDONLY), new Read("2", 0, 20), new ReadDir(""), new Create("a", "other"), new Read("1", 0, 20));

    [Test]
    public void Use_ReplacedFile_KeepsItsData() => Compare(
        new Layer().File("a", "old").File("b", "new"), new Open("1", "a", O.RDONLY), new Rename("b", "a"), new Read("1", 0, 9),
        new Fstat("1"), new ReadFile("a"), new Open("2", "a", O.RDWR), new Create("c", "third"), new Rename("c", "a"),
        new Write("2", 0, "x"), new Read("2", 0, 9), new ReadFile("a"), new Fstat("2"));

    [Test]
    public void Read_DescriptorFromBeforeCopyUp_SeesLaterWrites()
    {
        Comparison result = Compare(
            new Layer().File("a", "old data"), new Open("1", "a", O.RDONLY), new Read("1", 0, 20), new Open("2", "a", O.RDWR),
            new Write("2", 0, "new data!"), new Read("1", 0, 20), new Fstat("1"), new Truncate("a", 3), new Read("1", 0, 20),
            new Fstat("1"));
        Assert.That(result.Answers[4], Is.EqualTo("9 bytes new data!"));
    }

    [Test]
    public void Fstat_DescriptorFromBeforeCopyUp_SeesLaterChanges() => Compare(
        new Layer().File("a", "x").Dir("d"), new Open("1", "a", O.RDONLY), new Open("2", "d", O.RDONLY | O.DIRECTORY), new Fstat("1"),
        new Fstat("2"), new Chmod("a", 600), new Chmod("d", 700), new Lchown("a", 5, 5), new SetXattr("a", "user.x", "y"),
        new Fstat("1"), new Fstat("2"), new FgetXattr("1", "user.x"), new Link("a", "b"), new Fstat("1"));

    [Test]
    public void Change_ThroughReadOnlyDescriptorOfLowerFile_CopiesUp() => Compare(
        new Layer().File("a", "x").File("b", "y").File("c", "z").Dir("d"), new Open("1", "a", O.RDONLY), new Fchmod("1", 600),
        new Fstat("1"), new Open("2", "b", O.RDONLY), new Futimens("2", 1, 2, 3), new Open("3", "c", O.RDONLY),
        new FsetXattr("3", "user.x", "y"),
        new Open("4", "d", O.RDONLY), new Fchmod("4", 700), new Lstat("d"));

    [Test]
    public void Write_ThroughReadOnlyDescriptor_AnswersBadDescriptor() => Compare(
        new Layer().File("a", "x"), new Open("1", "a", O.RDONLY), new Write("1", 0, "y"), new Ftruncate("1", 0),
        new Fallocate("1", FallocFlags.None, 0, 10), new Open("2", "a", O.WRONLY), new Read("2", 0, 1));

    [Test]
    public void Append_TwoDescriptors_NeverOverwrite() => Compare(
        new Layer().File("log", "0\n"), new Open("1", "log", O.WRONLY | O.APPEND), new Open("2", "log", O.RDWR | O.APPEND),
        new WriteNext("1", "1\n"), new WriteNext("2", "2\n"), new WriteNext("1", "3\n"), new ReadFile("log"), new Fstat("2"));

    [Test]
    public void OpenTmpfile_ThenLink_AppearsWithItsData() => Compare(
        new Layer().Dir("d"), new Open("1", "d", O.TMPFILE | O.RDWR, 640), new Write("1", 0, "temporary"), new Fstat("1"), new ReadDir("d"),
        new LinkDescriptor("1", "d/now"), new Fstat("1"), new ReadFile("d/now"), new LinkDescriptor("1", "again"), new Lstat("again"),
        new ReadDir("d"));

    [Test]
    public void OpenTmpfile_NeverLinked_LeavesNothing() =>
        Compare(new Layer().Dir("d"), new Open("1", "d", O.TMPFILE | O.RDWR), new Write("1", 0, "x"), new Read("1", 0, 9), new Close("1"),
            new ReadDir("d"));

    [Test]
    public void OpenTmpfile_Exclusive_CannotBeLinked() =>
        Compare(new Layer(), new Open("1", "", O.TMPFILE | O.RDWR | O.EXCL), new LinkDescriptor("1", "a"), new Lstat("a"));

    [Test]
    public void OpenTmpfile_LinkedOverWhiteout_ReplacesIt() => Compare(
        new Layer().File("a"), new Unlink("a"), new Open("1", "", O.TMPFILE | O.RDWR), new Write("1", 0, "x"), new LinkDescriptor("1", "a"),
        new ReadFile("a"), new Remount(), new ReadFile("a"));

    [TestCase(O.RDONLY | O.TRUNC)]
    [TestCase(O.RDWR | O.DIRECTORY)]
    [TestCase(O.RDONLY | O.NOFOLLOW)]
    [TestCase(O.RDWR | O.CREAT | O.EXCL)]
    [TestCase(O.WRONLY | O.APPEND | O.TRUNC)]
    [TestCase(O.RDONLY | O.NOATIME)]
    [TestCase(O.PATH)]
    public void Open_AnyFlags_AnswersAsTheKernel(object flags) => Compare(
        new Layer().File("f", "data").Dir("d").Symlink("l", "f").Symlink("dangling", "none").Fifo("p").Socket("s"),
        [.. new[] { "f", "d", "l", "dangling", "s",
            "none" }.SelectMany(path => new Operation[] { new Open("1", path, (O)flags), new Fstat("1"), new Read("1", 0, 10),
                new Close("1") }), new ReadDir("")]);

    [Test]
    public void Open_ForeignFile_IsRefusedAsByTheKernel() => Compare(
        new Layer().File("secret", "s", 600).File("public", "p", 644).File("shared", "h", 640, 1000),
        new As(1000, new Open("1", "secret", O.RDONLY)), new As(1000, new Open("1", "public", O.RDONLY)),
        new As(1000, new Open("2", "public", O.RDWR)),
        new As(1001, new Open("1", "shared", O.RDONLY)), new AsMember(1001, 1001, 1000, new Open("1", "shared", O.RDONLY)),
        new AsMember(1001, 1001, 1000, new Open("1", "shared", O.RDWR)));

    [Test]
    public void Close_UnlinkedFileWrittenAgainUnderItsName_AreTwoFiles() => Compare(
        new Layer().File("a", "low"), new Open("1", "a", O.RDWR), new Write("1", 0, "one"), new Unlink("a"), new Create("a", "two"),
        new Open("2", "a", O.RDWR), new Write("1", 0, "ONE"), new Read("2", 0, 9), new Fstat("1"), new Fstat("2"), new Close("1"),
        new ReadFile("a"));
}
