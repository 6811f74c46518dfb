using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>Names and targets at their limits, and what the overlay keeps for itself.</summary>
internal sealed class NameScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    /// <summary>Every byte that a name can have: all but NUL and the slash.</summary>
    private static readonly string Every = Values.Name([.. Enumerable.Range(1, 255).Where(b => b != '/').Select(b => (byte)b)]);

    [Test]
    public void Name_Of254DistinctBytes_IsKeptExactly()
    {
        Comparison result = Compare(new Layer().File(Every, "low"), new ReadFile(Every), new Chmod(Every, 600), new ReadDir(""),
            new Rename(Every, "x"), new Create(Every, "new"), new Link(Every, "y"), new Unlink(Every), new Lstat(Every), new ReadDir(""));
        Assert.That(result.Upper[Every].IsWhiteout);
    }

    [TestCase(0xff)]
    [TestCase((int)'a')]
    [TestCase((int)'.')]
    public void Name_Of255Bytes_WorksEverywhereAnd256Nowhere(int letter)
    {
        string longest = Values.Name([.. Enumerable.Repeat((byte)letter, 255)]),
            tooLong = Values.Name([.. Enumerable.Repeat((byte)letter, 256)]), other = "b" + longest[1..];
        Comparison result = Compare(new Layer().File(longest, "low").Dir("d").File("f"), new ReadFile(longest), new Touch(longest),
            new Rename(longest, other), new Mkdir(longest), new Symlink("d/" + longest, "x"), new Rmdir(longest), new ReadDir(""),
            new Create(tooLong), new Mkdir(tooLong), new Rename("f", tooLong), new Lstat(tooLong), new Link("f", tooLong),
            new Symlink(tooLong, "x"), new Mknod(tooLong, 'p'), new Unlink(other), new ReadDir(""));
        Assert.That(result.Answers.Skip(7).Take(7), Is.All.EqualTo("ENAMETOOLONG"));
    }

    [TestCase(".wh")]
    [TestCase("#1")]
    [TestCase("work")]
    [TestCase("index")]
    [TestCase("...")]
    [TestCase(" ")]
    [TestCase("a\nb")]
    [TestCase("trusted.overlay.opaque")]
    [TestCase("-rf")]
    [TestCase("\\")]
    public void Name_ThatLooksSpecial_IsAName(string name) => Compare(
        new Layer().File(name, "low").File("d/" + name, "low2"), new ReadFile(name), new Unlink(name), new Create(name, "new"),
        new ReadFile(name), new Rename("d/" + name, "moved"), new Mkdir("d/" + name), new ReadDir("d"), new ReadDir(""));

    [TestCase(1)]
    [TestCase(1000)]
    [TestCase(4095)]
    public void Symlink_OfAnyLength_KeepsItsTarget(int length)
    {
        string target = new('t', length);
        Comparison result = Compare(new Layer().Symlink("low", target), new Readlink("low"), new Lstat("low"), new Symlink("new", target),
            new Readlink("new"), new Rename("low", "moved"), new Readlink("moved"), new Lstat("moved"), new Remount(),
            new Readlink("moved"));
        Assert.That(result.Upper["moved"]["target"], Is.EqualTo(target));
    }

    [TestCase(0)]
    [TestCase(4096)]
    public void Symlink_OfForbiddenLength_IsRefused(int length) =>
        Compare(new Layer(), new Symlink("l", new string('t', length)), new ReadDir(""));

    [Test]
    public void Symlink_AbsoluteDanglingOrLoop_IsFollowedByTheCallerOnly() => Compare(
        new Layer().Symlink("abs", "/etc/hostname").Symlink("up", "../..").Symlink("loop", "loop").Symlink("dir", "d").File("d/f", "x")
            .Symlink("slash", "d/"),
        new Readlink("abs"), new Open("1", "loop", O.RDONLY), new ReadFile("dir/f"), new ReadFile("slash/f"), new Create("dir/new", "n"),
        new ReadFile("d/new"), new Lstat("loop"), new Unlink("dir"), new ReadFile("d/f"), new Mkdir("loop/x"),
        new Chmod("dir", 700), new Rmdir("slash"), new Rename("slash", "s2"), new Readlink("s2"));

    [Test]
    public void Mknod_WhiteoutDevice_AnswersAsTheKernel()
    {
        Comparison result = Compare(new Layer().File("a").Dir("d"), new Mknod("w", 'c', 600, 0, 0), new Mknod("a", 'c', 600, 0, 0),
            new As(1000, new Mknod("w2", 'c', 600, 0, 0)), new Mknod("b", 'b', 600, 0, 0), new Mknod("c", 'c', 600, 0, 1), new ReadDir(""));
        Assert.That(result.Answers[0], Is.EqualTo("EPERM"));
    }

    [TestCase(RenameFlags.Whiteout)]
    [TestCase(RenameFlags.Whiteout | RenameFlags.NoReplace)]
    [TestCase(RenameFlags.Exchange | RenameFlags.NoReplace)]
    [TestCase((RenameFlags)8)]
    public void Rename_WithWhiteoutOrForbiddenFlags_IsRefused(object flags)
    {
        Comparison result = Compare(new Layer().File("a", "x").File("b", "y"), new Rename("a", "c", (RenameFlags)flags),
            new Rename("a", "b", (RenameFlags)flags), new ReadDir(""));
        Assert.That(result.Answers[0], Is.EqualTo("EINVAL"));
    }

    [Test]
    public void Path_EndingInSlashOrDots_AnswersAsTheKernel() => Compare(
        new Layer().File("f", "x").Dir("d").Dir("e"), new Lstat("d/"), new Lstat("f/"), new Mkdir("new/"), new Rmdir("d/."),
        new Rmdir("d/.."), new Rename("e", "d/.."), new Unlink("d/"), new Create("n/"), new Rename("f", "g/"),
        new Lstat("d/../f"), new Rmdir("e/"), new Lstat("e"), new Rmdir(""), new Rename("d", ""));

    [Test]
    public void Path_TwentyLevelsDeep_IsCopiedUpWhole()
    {
        string deep = string.Join('/', Enumerable.Repeat("level", 20));
        Compare(new Layer().File(deep + "/f", "x"), new Chmod(deep + "/f", 600), new Create(deep + "/g", "y"), new Unlink(deep + "/f"),
            new ReadDir(deep), new Rename(deep + "/g", "g"), new Rmdir(deep), new Lstat(deep));
    }
}
