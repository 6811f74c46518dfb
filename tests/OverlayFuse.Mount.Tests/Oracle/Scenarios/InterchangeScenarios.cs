using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>
/// One upper, used by the kernel's overlayfs and by ours in turn. (Every comparison ends by mounting each upper with the other
/// implementation; here they also take turns while it grows.)
/// </summary>
internal sealed class InterchangeScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private static readonly Layer Top = new Layer()
        .File("f", "file", 4755, 1000).Xattr("f", "user.a", "v").HardLink("hard", "f").File("gone", "g").File("d/a", "a").File("d/b", "b")
        .Dir("d/sub", 2775, 1001).File("d/sub/deep", "deep").Symlink("l", "d/a").Fifo("p").DeviceNode("c", 'c', 1, 3).Dir("empty")
        .DefaultAcl("d/sub", "u::rwx,g::r-x,o::---").HoleThenData("s", 1 << 20, 512 << 10);

    private static readonly Layer Bottom = new Layer().File("d/c", "c").File("d/sub/old", "old").File("f", "hidden").Dir("hidden")
        .File("hidden/x", "x");

    private static readonly Operation[] Work =
    [
        new Chmod("f", 640), new Unlink("gone"), new Unlink("d/b"), new Create("d/b", "again"), new Rename("d/a", "d/sub/moved"),
        new Rmdir("empty"), new Mkdir("empty", 751), new Create("empty/in", "in"), new Rename("empty", "renamed"),
        new Link("hard", "d/link"),
        new Create("d/sub/acl", "inherits", 666), new Lchown("l", 5, 6), new Lchown("c", 7, 8), new Rename("p", "d/p"),
        new Truncate("s", 700_000), new Unlink("d/sub/deep"), new Unlink("d/sub/old"), new SetXattr("d", "user.dir", "x"),
        new Rename("f", "renamed/f", RenameFlags.Exchange),
        new Rename("f", "renamed/in", RenameFlags.Exchange), new Unlink("hidden/x"), new Rmdir("hidden"), new Symlink("hidden", "f"),
        new SetXattr("d", "trusted.overlay.opaque", "y"), new Rename("renamed", "moved again"), new Mkdir("renamed"), new Rmdir("renamed"),
    ];

    [Test]
    public void Upper_AfterAllKindsOfWork_IsTheSameTreeToBoth() => Compare([Top, Bottom], Work);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    public void Upper_HandedOverWhileItGrows_StaysTheSameTree(int every) =>
        Compare([Top, Bottom],
            [.. Work.SelectMany((operation, index) => index % every == every - 1
                ? new[] { operation, new SwitchSides(), new ReadDir(""), new ReadDir("d") } : [operation])]);

    [Test]
    public void Upper_WithPrivateMarksOfTheOther_KeepsTheirMeaning() => Compare(
        [Top, Bottom], new Chmod("d/sub/deep", 600), new Lstat("d/sub/deep"), new SwitchSides(), new Lstat("d/sub/deep"),
            new ReadDir("d/sub"), new Rename("d/sub/deep", "d/deep"), new SwitchSides(), new Lstat("d/deep"), new ReadDir("d"),
            new Rmdir("empty"), new Mkdir("empty"), new SwitchSides(),
        new ReadDir("empty"), new Rename("empty", "e"), new SwitchSides(), new ReadDir("e"), new Lstat("empty"), new Rmdir("e"));
}
