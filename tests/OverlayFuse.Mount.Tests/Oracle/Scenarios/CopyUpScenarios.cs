using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>Copy-up: what starts it, what it keeps, what it leaves as it was.</summary>
internal sealed class CopyUpScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const string Capability = "0x0100000200200000000000000000000000000000";

    private static Layer Rich() => new Layer()
        .Dir("d", 2751, 1000).Xattr("d", "user.d", "dv").DefaultAcl("d", "u::rwx,g::r-x,o::---")
        .File("d/f", "content", 4755, 1001).Xattr("d/f", "user.a", "0x00010203").Xattr("d/f", "trusted.t", "tv")
        .Xattr("d/f", "security.x", "s").Xattr("d/f", "user.empty", "")
        .Acl("d/f", "u::rwx,u:1002:r-x,g::r-x,m::r-x,o::r-x").Times("d/f", 1_111_111_111, 1_222_222_222, 987_654_321);

    private static IEnumerable<Operation> Triggers() =>
    [
        new Chmod("d/f", 600), new Lchown("d/f", 1, 2), new Utimens("d/f", 5, 6, 7), new SetXattr("d/f", "user.new", "x"),
        new RemoveXattr("d/f", "user.a"),
        new SetAcl("d/f", "u::rw-,g::r--,o::r--"), new Open("1", "d/f", O.WRONLY), new Open("1", "d/f", O.RDWR | O.APPEND),
        new Open("1", "d/f", O.RDONLY | O.TRUNC), new Open("1", "d/f", O.WRONLY | O.TRUNC),
        new Truncate("d/f", 3), new Truncate("d/f", 9999), new Link("d/f", "d/link"), new Rename("d/f", "d/g"), new Rename("d/f", "moved"),
        new Touch("d/f"), new Create("d/new"), new Chmod("d", 700), new Touch("d"),
    ];

    [TestCaseSource(nameof(Triggers))]
    public void CopyUp_ByAnyChange_KeepsAllElse(object trigger)
    {
        Comparison result = Compare(Rich(), (Operation)trigger, new Lstat("d"), new ReadDir("d"));
        Assert.That(result.Upper["d"].Xattr("user.d"), Is.EqualTo("dv"));
    }

    private static IEnumerable<Operation> Harmless() =>
    [
        new Lstat("d/f"), new ReadFile("d/f"), new Open("1", "d/f", O.RDONLY), new Open("1", "d/f", O.PATH), new GetXattr("d/f", "user.a"),
        new ListXattr("d/f"), new ReadDir("d"), new Access("d/f", "rwx"),
        new RemoveXattr("d/f", "user.none"), new Create("d/f"), new Mkdir("d/f"), new Link("d/none", "x"), new Rename("d/none", "x"),
        new As(1005, new Chmod("d/f", 777)), new As(1005, new Open("1", "d/f", O.WRONLY)), new As(1005, new Truncate("d/f", 0)),
        new As(1005, new SetXattr("d/f", "user.a", "x")), new As(1005, new Utimens("d/f", 1, 2)),
    ];

    [TestCaseSource(nameof(Harmless))]
    public void CopyUp_NothingChanges_DoesNotHappen(object operation)
    {
        Comparison result = Compare(Rich(), (Operation)operation);
        Assert.That(result.Upper.Entries.Keys, Is.EqualTo(new[] { "" }));
    }

    /// <summary>
    /// What a mapping of a directory is refused with tells whether its st_size has grown: on tmpfs 40 bytes, and 20 for each name.
    /// </summary>
    [Test]
    public void CopyUp_IntoOpenDirectory_ShowsItsNewSizeAtOnce()
    {
        Comparison result = Compare(
            new Layer().On("tmpfs"), [Rich()], new Chmod("d", 755), new OpenFile("1", "d", O.RDONLY), new Fstat("1"), new MapRead("1", 50),
            new Chmod("d/f", 600), new MapRead("1", 50));
        Assert.That((result.Answers[3], result.Answers[5]), Is.EqualTo(("shorter than the mapping", "ENODEV")));
    }

    [TestCase("user.a", 1)]
    [TestCase("user.none", 2)]
    public void SetXattr_FlagsForbidIt_AnswersAndCopiesUpAsTheKernel(string name, int flags) =>
        Compare(Rich(), new SetXattr("d/f", name, "x", flags), new ListXattr("d/f"));

    [Test]
    public void CopyUp_File_KeepsModeOwnerTimesXattrsAndAcl()
    {
        Comparison result = Compare(Rich(), new SetXattr("d/f", "user.b", "b"));
        TreeEntry file = result.Upper["d/f"];
        Assert.Multiple(() =>
        {
            Assert.That(file.Permissions, Is.EqualTo(Mode.Bits(4755)));
            Assert.That(file["owner"], Is.EqualTo("1001:1001"));
            Assert.That(file["mtime"], Is.EqualTo("1222222222.987654321"));
            Assert.That(file["atime"], Is.EqualTo("1111111111.987654321"));
            Assert.That(file.Xattr("user.a"), Is.EqualTo("0x00010203"));
            Assert.That(file.Xattr("system.posix_acl_access"), Is.Not.Null);
            Assert.That(file.Xattr("trusted.overlay.origin"), Is.Not.Null);
        });
    }

    [Test]
    public void CopyUp_ManyLevels_MarksParentsImpureAndKeepsTheirTimes()
    {
        Comparison result = Compare(new Layer().Dir("a", 700, 1).Dir("a/b", 710, 2).Dir("a/b/c", 711, 3).File("a/b/c/f", "x"),
            new Chmod("a/b/c/f", 600));
        foreach (string path in new[] { "", "a", "a/b", "a/b/c" })
            Assert.That(result.Upper[path].Xattr("trusted.overlay.impure"), Is.EqualTo("y"), path);
        foreach (string path in new[] { "a", "a/b", "a/b/c" }) Assert.That(result.Upper[path]["mtime"], Does.StartWith("1000"), path);
    }

    [Test]
    public void CopyUp_FileCapability_IsKeptByMetadataChangesAndLostByWrite() => Compare(
        new Layer().File("f", "x", 755).Xattr("f", "security.capability", Capability).File("g", "x", 755)
            .Xattr("g", "security.capability", Capability),
        new Utimens("f", 1, 2), new GetXattr("f", "security.capability"), new Open("1", "g", O.WRONLY),
        new GetXattr("g", "security.capability"),
        new Write("1", 0, "y"), new GetXattr("g", "security.capability"));

    [Test]
    public void CopyUp_EmptyCapability_DoesNotBlock() =>
        Compare(new Layer().File("f", "x").Xattr("f", "user.x", ""), new Chmod("f", 600), new GetXattr("f", "user.x"));

    [Test]
    public void CopyUp_SparseFile_IsNoDenserThanTheKernels()
    {
        Comparison result = Compare(new Layer().Sparse("s", 9 << 20, 0, 4 << 20), new Chmod("s", 600), new Open("1", "s", O.RDONLY),
            new Read("1", 4 << 20, 5000));
        Assert.That(result.Upper["s"]["size"], Is.EqualTo($"{9 << 20}"));
    }

    [Test]
    public void CopyUp_HoleAtTheStart_StaysAHole()
    {
        Comparison result = Compare(new Layer().HoleThenData("s", 3 << 20, 2 << 20), new Chmod("s", 600), new Open("1", "s", O.RDONLY),
            new Seek("1", 0, 3), new Seek("1", 2 << 20, 4));
        Assert.That(result.Upper["s"]["data"], Is.EqualTo($"{2 << 20}-{3 << 20}"));
    }

    [Test]
    public void CopyUp_HoleOnly_TakesNoSpace()
    {
        Comparison result = Compare(new Layer().Sparse("s", 6L << 30), new Chmod("s", 600), new Open("1", "s", O.RDWR),
            new Write("1", 5L << 30, "far"), new Fstat("1"), new Read("1", 5L << 30, 3));
        Assert.That(result.Upper["s"]["size"], Is.EqualTo($"{6L << 30}"));
    }

    [Test]
    public void CopyUp_SymlinkFifoSocketDevice_KeepThemselves() => Compare(
        new Layer().Symlink("l", "some/where").Fifo("p", 640).Socket("s", 711).DeviceNode("c", 'c', 1, 3, 622).DeviceNode("b", 'b', 7, 9),
        new Lchown("l", 1, 2), new Lchown("p", 1, 2), new Lchown("s", 1, 2), new Lchown("c", 1, 2), new Lchown("b", 1, 2),
        new Readlink("l"), new Lstat("c"), new Lstat("b"));

    [Test]
    public void CopyUp_SymlinkTimesAndXattr_AreKept() => Compare(
        new Layer().Symlink("l", "x").Xattr("l", "trusted.t", "v").Times("l", 11, 22, 33), new Rename("l", "m"), new Lstat("m"),
        new GetXattr("m", "trusted.t"));

    [Test]
    public void CopyUp_ReadOnlyFileOfOrdinaryUser_Works() => Compare(
        new Layer().Dir("d", 555, 1000).File("d/f", "x", 400, 1000), new As(1000, new Chmod("d/f", 600)),
        new As(1000, new Open("1", "d/f", O.RDWR)), new Write("1", 0, "y"), new Lstat("d/f"));

    [Test]
    public void CopyUp_Truncate_KeepsTheRestOfTheFile() => Compare(
        new Layer().File("a", "0123456789").File("b", "0123456789").File("c", "0123456789"), new Truncate("a", 4), new Truncate("b", 20),
        new Open("1", "c", O.TRUNC | O.RDWR), new Fstat("1"),
        new ReadFile("a"), new ReadFile("b"), new ReadFile("c"));

    [Test]
    public void CopyUp_FromEveryLayer_TakesTheTopmost() => Compare(
        [new Layer().File("d/a", "1", 601), new Layer().File("d/a", "2", 602).File("d/b", "2", 602), new Layer().File("d/c", "3", 603, 3)],
        new Touch("d/a"), new Touch("d/b"), new Touch("d/c"), new ReadFile("d/a"), new ReadFile("d/b"), new ReadFile("d/c"),
        new Lstat("d/c"));

    [Test]
    public void CopyUp_Directory_KeepsItsDefaultAclAndDoesNotCopyItsFiles()
    {
        Comparison result = Compare(Rich(), new SetXattr("d", "user.new", "x"));
        Assert.That(result.Upper.Has("d/f"), Is.False);
        Assert.That(result.Upper["d"].Xattr("system.posix_acl_default"), Is.Not.Null);
    }
}
