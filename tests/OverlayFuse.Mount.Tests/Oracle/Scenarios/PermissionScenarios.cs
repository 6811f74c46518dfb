using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>What users may do who are neither root nor the owner.</summary>
internal sealed class PermissionScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private static IEnumerable<Operation> Attempts() =>
    [
        new ReadFile("d/f"), new Open("1", "d/f", O.WRONLY), new Open("1", "d/f", O.RDONLY | O.TRUNC), new Chmod("d/f", 777),
        new Lchown("d/f", 1001, -1), new Lchown("d/f", -1, 1001), new Truncate("d/f", 0), new Utimens("d/f", 1, 2), new Touch("d/f"),
        new SetXattr("d/f", "user.x", "y"), new GetXattr("d/f", "user.a"), new Unlink("d/f"), new Rename("d/f", "d/g"),
        new Rename("d/f", "open/f"), new Link("d/f", "open/f"), new Create("d/n"), new Mkdir("d/n"), new Rmdir("d/sub"), new ReadDir("d"),
        new Lstat("d/f"), new Access("d/f", "rwx"), new Access("d", "wx"), new Symlink("d/l", "x"),
        new Rename("d/f", "d/sub2", RenameFlags.Exchange), new Open("1", "d", O.TMPFILE | O.RDWR), new Readlink("d/link"),
        new SetAcl("d/f", "u::rwx,g::rwx,o::rwx"),
    ];

    [Test, Combinatorial]
    public void Attempt_InDirectoryOfAnyMode_AnswersAsTheKernel([ValueSource(nameof(Attempts))] object attempt,
        [Values(700, 750, 755, 1777, 777, 711, 722)] int mode)
    {
        Operation operation = (Operation)attempt;
        Compare(new Layer().Dir("open", 777).Dir("d", mode, 1000).File("d/f", "x", 664, 1000).Xattr("d/f", "user.a", "v")
            .Dir("d/sub", 755, 1000).Dir("d/sub2", 777, 1002).Symlink("d/link", "x"),
            new As(1001, operation), new AsMember(1001, 1001, 1000, operation), new As(1000, operation));
    }

    [Test]
    public void Search_WithoutExecute_IsDeniedEverywhereBelow() => Compare(
        new Layer().Dir("closed", 700, 1000).File("closed/a/b/f", "x", 666).Dir("listable", 744, 1000).File("listable/f", "x", 666),
        new As(1001, new ReadFile("closed/a/b/f")), new As(1001, new Lstat("closed/a")), new As(1001, new ReadDir("closed")),
        new As(1001, new Lstat("listable/f")), new As(1001, new Lstat("closed")), new As(1001, new Create("closed/a/b/new")));

    [Test]
    public void Link_ForeignFile_AnswersAsTheKernel() => Compare(
        new Layer().Dir("open", 777).File("open/readable", "x", 644).File("open/writable", "x", 666).File("open/suid", "x", 4777),
        new As(1000, new Link("open/readable", "open/1")), new As(1000, new Link("open/writable", "open/2")),
        new As(1000, new Link("open/suid", "open/3")));

    [Test]
    public void Sticky_Directory_LetsOwnersOnlyRemoveAndReplace() => Compare(
        new Layer().Dir("t", 1777).File("t/a", "a", 666, 1000).File("t/b", "b", 666, 1001).Dir("t/da", 777, 1000),
        new As(1001, new Mkdir("t/db")), new As(1001, new Create("t/new", "n")), new As(1001, new Rename("t/new", "t/a")),
        new As(1001, new Rename("t/a", "t/new")),
        new As(1001, new Rename("t/new", "t/b")), new As(1001, new Rename("t/a", "t/b", RenameFlags.Exchange)),
        new As(1001, new Rmdir("t/da")), new As(1000, new Unlink("t/b")), new As(1001, new Unlink("t/b")),
        new As(1000, new Create("t/b", "again")), new As(1001, new Unlink("t/b")),
        new ReadDir("t"));

    [Test]
    public void Owner_OfReadOnlyFile_MayChangeItsModeButNotWrite() => Compare(
        new Layer().File("f", "x", 400, 1000), new As(1000, new Open("1", "f", O.RDWR)), new As(1000, new Chmod("f", 600)),
        new As(1000, new Open("1", "f", O.RDWR)), new As(1000, new Chmod("f", 0)), new As(1000, new ReadFile("f")),
        new As(1000, new Write("1", 0, "y")), new ReadFile("f"));

    [Test]
    public void Utimens_ByWriterWhoIsNotOwner_MayOnlyTouch() => Compare(
        new Layer().File("f", "x", 666, 1000).File("g", "x", 644, 1000), new As(1001, new Touch("f")), new As(1001, new Utimens("f", 1, 2)),
        new As(1001, new Touch("g")), new As(1000, new Utimens("g", 1, 2)), new Lstat("g"));

    [Test]
    public void Chown_ByOwner_MayGiveToOwnGroupsOnly() => Compare(
        new Layer().File("f", "x", 644, 1000), new AsMember(1000, 1000, 1005, new Lchown("f", -1, 1005)),
        new AsMember(1000, 1000, 1005, new Lchown("f", -1, 1006)), new AsMember(1000, 1000, 1005, new Lchown("f", 1001, -1)),
        new AsMember(1000, 1000, 1005, new Lchown("f", 1000, 1000)), new Lstat("f"));
}
