using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>New entries: over nothing, over whiteouts, in lower directories; whose they are.</summary>
internal sealed class CreateScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    [Test]
    public void Create_OverWhiteout_ReplacesIt()
    {
        Comparison result = Compare(new Layer().File("a", "old"), new Unlink("a"), new Create("a", "new", 640), new ReadFile("a"),
            new Lstat("a"));
        Assert.That(result.Upper["a"].Type, Is.EqualTo("file"));
        Assert.That(result.Upper["a"].Xattr("trusted.overlay.origin"), Is.Null, "a new file has no origin");
    }

    [Test]
    public void Create_AnyTypeOverWhiteout_ReplacesIt() => Compare(
        new Layer().File("l").File("p").File("s").File("c").File("h").File("keep", "k"),
        new Unlink("l"), new Unlink("p"), new Unlink("s"), new Unlink("c"), new Unlink("h"),
        new Symlink("l", "keep"), new Mknod("p", 'p'), new Mknod("s", 's', 755), new Mknod("c", 'c', 600, 1, 3), new Link("keep", "h"),
        new ReadDir(""), new ReadFile("l"), new Lstat("h"), new Lstat("c"));

    [Test]
    public void Mkdir_OverWhiteout_IsOpaqueAndEmpty()
    {
        Comparison result = Compare(new Layer().File("d/old"), new Unlink("d/old"), new Rmdir("d"), new Mkdir("d", 750), new ReadDir("d"),
            new Remount(), new ReadDir("d"));
        Assert.That(result.Upper["d"].IsOpaque);
    }

    [Test]
    public void Mkdir_OverFilesWhiteout_HidesNothingMore() =>
        Compare([new Layer().File("d"), new Layer().File("d/bottom")], new Unlink("d"), new Mkdir("d"), new ReadDir("d"), new Rmdir("d"),
            new Lstat("d"));

    [Test]
    public void Mkdir_InMergedDirectory_IsAsTheKernelMarksIt() =>
        Compare(new Layer().Dir("d"), new Mkdir("d/e"), new Mkdir("f"), new Mkdir("f/g"), new ReadDir("d"), new Lstat("f/g"));

    [TestCase("a")]
    [TestCase("d")]
    [TestCase("l")]
    public void Create_NameTaken_AnswersExists(string name)
    {
        Comparison result = Compare(new Layer().File("a").Dir("d").Symlink("l", "nowhere"), new Create(name), new Mkdir(name),
            new Symlink(name, "x"), new Mknod(name, 'p'), new Link("a", name));
        Assert.That(result.Answers, Is.All.EqualTo("EEXIST"));
    }

    [Test]
    public void Create_InDeepLowerDirectory_CopiesUpTheParentsOnce()
    {
        Comparison result = Compare(new Layer().Dir("a", 1711, 5).Dir("a/b", 2750, 6).Xattr("a/b", "user.x", "y").File("a/b/other"),
            new Create("a/b/new", "n"), new Lstat("a"), new Lstat("a/b"));
        Assert.That(result.Upper.Has("a/b/other"), Is.False);
        Assert.That(result.Upper["a"].Xattr("trusted.overlay.origin"), Is.Not.Null);
    }

    [Test]
    public void Create_InRemovedDirectory_AnswersNoEntry() =>
        Compare(new Layer().Dir("d"), new Rmdir("d"), new Create("d/a"), new Mkdir("d/b"), new Symlink("d/c", "x"));

    [TestCase(0)]
    [TestCase(27)]
    [TestCase(777)]
    public void Create_WithUmask_LosesItsBits(int mask) => Compare(
        new Layer().Dir("d"), new WithUmask(mask, new Create("d/f", "", 6777)), new WithUmask(mask, new Mkdir("d/d", 1777)),
        new WithUmask(mask, new Mknod("d/p", 'p', 666)),
        new WithUmask(mask, new Open("t", "d", O.TMPFILE | O.RDWR, 666)), new Fstat("t"), new Lstat("d/f"), new Lstat("d/d"),
        new Lstat("d/p"));

    [Test]
    public void Create_ByOrdinaryUser_BelongsToIt() => Compare(
        new Layer().Dir("d", 777), new As(1000, new Create("d/f", "x")), new As(1000, new Mkdir("d/d")),
        new As(1000, new Symlink("d/l", "x")), new As(1000, new Mknod("d/p", 'p')),
        new As(1000, new Open("t", "d", O.TMPFILE | O.RDWR)), new Fstat("t"), new Lstat("d/f"), new Lstat("d/l"));

    [Test]
    public void Create_ByOrdinaryUserOverWhiteout_BelongsToIt() => Compare(
        new Layer().Dir("d", 777).File("d/a").Dir("d/b"), new Unlink("d/a"), new Rmdir("d/b"), new As(1000, new Create("d/a", "x", 604)),
        new As(1000, new Mkdir("d/b", 705)), new Lstat("d/a"), new Lstat("d/b"));

    [Test]
    public void Create_InSetgidDirectory_InheritsTheGroup() => Compare(
        new Layer().Dir("d", 2777, 1001).File("d/w").File("d/v"), new Unlink("d/w"), new Unlink("d/v"),
        new As(1000, new Create("d/f", "", 755)), new As(1000, new Mkdir("d/d")),
        new As(1000, new Create("d/w", "", 2775)), new As(1000, new Mkdir("d/v")),
        new AsMember(1000, 1000, 1001, new Create("d/member", "", 2775)), new As(1000, new Symlink("d/l", "x")),
        new As(1000, new Mknod("d/p", 'p')), new Create("d/root", "", 2775));

    [Test]
    public void Create_UnderDefaultAcl_InheritsIt() => Compare(
        new Layer().Dir("d", 777).DefaultAcl("d", "u::rwx,u:1001:rwx,g::r-x,m::rwx,o::---").File("d/w").File("d/v"), new Unlink("d/w"),
        new Unlink("d/v"),
        new Create("d/f", "", 666), new Mkdir("d/d", 777), new Create("d/w", "", 666), new Mkdir("d/v", 777),
        new WithUmask(77, new Create("d/masked", "", 666)),
        new As(1000, new Create("d/his", "", 640)), new Mknod("d/p", 'p', 666), new Open("t", "d", O.TMPFILE | O.RDWR, 666),
        new LinkDescriptor("t", "d/t"), new Symlink("d/l", "f"));

    [Test]
    public void Create_WithoutWritePermission_IsDenied()
    {
        Comparison result = Compare(new Layer().Dir("d", 755), new As(1000, new Create("d/a")), new As(1000, new Mkdir("d/b")),
            new As(1000, new Symlink("d/c", "x")), new As(1000, new Mknod("d/p", 'p')));
        Assert.That(result.Answers, Is.All.EqualTo("EACCES"));
        Assert.That(result.Upper.Has("d"), Is.False, "nothing was copied up");
    }

    [Test]
    public void Mknod_DeviceByOrdinaryUser_IsRefused() =>
        Compare(new Layer().Dir("d", 777), new As(1000, new Mknod("d/c", 'c', 600, 1, 3)), new As(1000, new Mknod("d/b", 'b', 600, 7, 0)));

    [Test]
    public void Open_CreateTwice_OpensTheSame() => Compare(
        new Layer().File("low", "l"), new Open("1", "n", O.RDWR | O.CREAT, 600), new Open("2", "n", O.RDWR | O.CREAT, 777),
        new Write("1", 0, "x"), new Read("2", 0, 9), new Fstat("2"),
        new Open("3", "n", O.RDWR | O.CREAT | O.EXCL), new Open("4", "low", O.RDWR | O.CREAT | O.EXCL),
        new Open("5", "d", O.RDWR | O.CREAT | O.DIRECTORY));
}
