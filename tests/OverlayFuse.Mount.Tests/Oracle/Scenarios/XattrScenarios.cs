using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>Extended attributes: users' own, the overlay's private ones, access lists.</summary>
internal sealed class XattrScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    [TestCase("trusted.overlay.opaque", "y")]
    [TestCase("trusted.overlay.impure", "y")]
    [TestCase("trusted.overlay.origin", "")]
    [TestCase("trusted.overlay.redirect", "x")]
    [TestCase("trusted.overlay.anything", "v")]
    [TestCase("trusted.overlay.overlay.opaque", "y")]
    [TestCase("trusted.overlay.", "v")]
    [TestCase("trusted.overlay", "v")]
    [TestCase("trusted.overlayx", "v")]
    [TestCase("user.overlay.opaque", "y")]
    public void PrivateName_SetByUser_IsStoredAndShownAsByTheKernel(string name, string value) => Compare(
        new Layer().Dir("d").File("d/low", "x").File("f"), new SetXattr("d", name, value), new SetXattr("f", name, value),
        new GetXattr("d", name), new ListXattr("d"), new ListXattr("f"), new ReadDir("d"), new Remount(), new GetXattr("d", name),
        new ListXattr("d"),
        new ReadDir("d"), new RemoveXattr("d", name), new RemoveXattr("f", name), new ListXattr("d"),
        new As(1000, new SetXattr("f", name, value)));

    [Test]
    public void PrivateName_OfTheOverlayItself_IsNeverShown()
    {
        Comparison result = Compare(new Layer().Dir("d").File("d/f", "x").File("gone/x"), new Chmod("d/f", 600), new Unlink("gone/x"),
            new Rmdir("gone"), new Mkdir("gone"), new ListXattr("d"), new ListXattr("d/f"), new ListXattr("gone"), new ListXattr(""),
            new GetXattr("d", "trusted.overlay.impure"), new GetXattr("d/f", "trusted.overlay.origin"),
            new GetXattr("gone", "trusted.overlay.opaque"), new RemoveXattr("gone", "trusted.overlay.opaque"), new Remount(),
            new ReadDir("gone"));
        Assert.That(result.Answers.Skip(8).Take(3), Is.All.EqualTo("ENODATA"));
    }

    [Test]
    public void Xattr_NamespacesByType_AnswerAsTheKernel() => Compare(
        new Layer().File("f", "", 666).Symlink("l", "f").Fifo("p").Socket("s").DeviceNode("c", 'c', 1, 3).Dir("sticky", 1777),
        [.. new[] { "f", "l", "p", "s", "c",
            "sticky" }.SelectMany(path => new[] { "user.x", "trusted.x", "security.x", "system.x", "nonsense",
                "user." }.SelectMany(name => new Operation[]
            { new SetXattr(path, name, "v"), new GetXattr(path, name), new As(1000, new SetXattr(path, name, "w")),
                new As(1000, new GetXattr(path, name)), new As(1000, new ListXattr(path)), new RemoveXattr(path, name) }))]);

    [TestCase(1)]
    [TestCase(1000)]
    [TestCase(3000)]
    public void Xattr_ValueOfAnySize_IsKeptOverCopyUp(int size)
    {
        string value = new('v', size);
        Compare(new Layer().File("f").Xattr("f", "user.a", value), new GetXattr("f", "user.a"), new SetXattr("f", "user.b", "x"),
            new GetXattr("f", "user.a"), new SetXattr("f", "user.a", "short"), new GetXattr("f", "user.a"), new RemoveXattr("f", "user.a"),
            new GetXattr("f", "user.a"));
    }

    [TestCase(65536)]
    [TestCase(65537)]
    public void Xattr_ValueTooLarge_AnswersAsTheKernel(int size) =>
        Compare(new Layer().File("f"), new SetXattr("f", "user.a", new string('v', size)), new ListXattr("f"));

    [TestCase(250)]
    [TestCase(251)]
    public void Xattr_LongestName_AnswersAsTheKernel(int length) =>
        Compare(new Layer().File("f"), new SetXattr("f", "user." + new string('n', length), "v"), new ListXattr("f"),
            new GetXattr("f", "user." + new string('n', length)));

    [Test]
    public void Xattr_ManyOnALowerFile_AreAllCopiedUp()
    {
        Layer lower = new Layer().File("f");
        for (int i = 0; i < 50; i++) lower.Xattr("f", $"user.{i:D2}", $"{i}");
        Comparison result = Compare(lower, new ListXattr("f"), new Chmod("f", 600), new ListXattr("f"));
        Assert.That(Enumerable.Range(0, 50).Select(i => result.Upper["f"].Xattr($"user.{i:D2}")),
            Is.EqualTo(Enumerable.Range(0, 50).Select(i => $"{i}")));
    }

    [Test]
    public void Acl_SetReadAndRemoved_GivesModesAndRightsOfTheKernel() => Compare(
        new Layer().File("f", "data", 640, 1000).Dir("d", 750, 1000), new SetAcl("f", "u::rw-,u:1001:r--,g::r--,m::rw-,o::---"),
        new Lstat("f"), new As(1001, new ReadFile("f")), new As(1002, new ReadFile("f")), new Chmod("f", 600), new Lstat("f"),
        new As(1001, new ReadFile("f")), new GetXattr("f", "system.posix_acl_access"), new Chmod("f", 666),
        new GetXattr("f", "system.posix_acl_access"), new RemoveXattr("f", "system.posix_acl_access"), new Lstat("f"),
        new GetXattr("f", "system.posix_acl_access"),
        new SetAcl("d", "u::rwx,u:1001:rwx,g::---,m::rwx,o::---", true), new As(1001, new Lstat("d/x")), new Create("d/x", "", 666),
        new GetXattr("d/x", "system.posix_acl_access"), new Mkdir("d/sub", 777), new GetXattr("d/sub", "system.posix_acl_default"),
        new RemoveXattr("d", "system.posix_acl_default"), new Create("d/y", "", 666), new Lstat("d/y"),
        new SetAcl("f", "u::rwx,g::r-x,o::r-x", true), new As(1001, new SetAcl("f", "u::rwx,g::rwx,o::rwx")));

    [Test]
    public void Acl_OfLowerFile_DecidesAsInTheKernel() => Compare(
        new Layer().File("f", "x", 660, 1000).Acl("f", "u::rw-,u:1001:---,u:1002:rw-,g::rw-,g:1003:r--,m::rw-,o::r--").Dir("d", 770, 1000)
            .Acl("d", "u::rwx,u:1002:r-x,g::---,m::rwx,o::---").File("d/in", "i", 644),
        [.. new uint[] { 1000, 1001, 1002, 1003, 1004 }.SelectMany(user => new Operation[]
            { new As(user, new ReadFile("f")), new As(user, new Open("1", "f", O.WRONLY)),
                new AsMember(user, 1009, 1003, new ReadFile("f")), new As(user, new ReadDir("d")), new As(user, new ReadFile("d/in")),
                new As(user, new Create($"d/{user}")) })]);

    [Test]
    public void Acl_SetGidByStrangersGroup_IsDroppedAsInTheKernel() => Compare(
        new Layer().File("f", "x", 2775, 1000), new Lchown("f", -1, 1005), new Chmod("f", 2775),
        new As(1000, new SetAcl("f", "u::rwx,u:1001:r-x,g::r-x,m::r-x,o::---")), new Lstat("f"));

    [Test]
    public void DefaultAcl_SetByOwnerOutsideTheGroup_KeepsSetGid() => Compare(
        new Layer().Dir("d", 2775, 1001), new AsMember(1001, 1000, 1000, new SetAcl("d", "u::rwx,g::r-x,g:1001:rwx,m::rwx,o::---", true)),
        new Lstat("d"));

    [TestCase("0x")]
    [TestCase("0x0200")]
    [TestCase("0x03000000")]
    [TestCase("0x02000000FF000600FFFFFFFF")]
    [TestCase("0x0200000001000600FFFFFFFF")]
    public void Acl_Malformed_IsRefusedAsByTheKernel(string value) => Compare(
        new Layer().File("f").Dir("d"), new SetXattr("f", "system.posix_acl_access", value),
        new SetXattr("d", "system.posix_acl_default", value), new Lstat("f"), new ListXattr("d"));
}
