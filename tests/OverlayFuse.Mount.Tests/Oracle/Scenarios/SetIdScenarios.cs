using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>What takes set-uid, set-gid and file capabilities from a file, and who may.</summary>
internal sealed class SetIdScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const string Capability = "0x0100000200200000000000000000000000000000";

    private static IEnumerable<Operation> Changes() =>
    [
        new Write("1", 0, "y"), new Ftruncate("1", 0), new Fallocate("1", FallocFlags.None, 0, 100),
        new Fallocate("1", FallocFlags.PunchHole | FallocFlags.KeepSize, 0, 1), new MapWrite("1", "m"),
        new Fchown("1", 1000, 1001), new Fchown("1", -1, 1000), new Fchmod("1", 6711), new Truncate("f", 1),
        new Open("2", "f", O.WRONLY | O.TRUNC), new Lchown("f", 1000, 1000), new Lchown("f", -1, 1001),
        new Lchown("f", 1000, -1), new CopyRange("1", 0, "1", 1, 1), new FsetXattr("1", "user.x", "y"), new Futimens("1", 1, 2),
    ];

    [Test, Combinatorial]
    public void Change_ByAnyone_ClearsSetIdsAsTheKernel([ValueSource(nameof(Changes))] object change, [Values(0, 1000, 1001)] int user,
        [Values(6777, 2766, 4755, 2755)] int mode) => Compare(
        new Layer().File("f", "x", mode, 1000), new As((uint)user, new Open("1", "f", O.RDWR)), new As((uint)user, (Operation)change),
        new Lstat("f"));

    [TestCase(6755)]
    [TestCase(2745)]
    [TestCase(755)]
    public void Chown_NothingByStranger_AnswersAsTheKernel(int mode) => Compare(
        new Layer().File("f", "x", mode, 1000).Dir("d", mode, 1000), new As(1001, new Lchown("f", -1, -1)), new Lstat("f"),
        new As(1001, new Lchown("d", -1, -1)), new Lstat("d"), new As(1000, new Lchown("f", -1, -1)), new Lstat("f"),
        new Chmod("f", mode), new Lchown("f", -1, -1), new Lstat("f"));

    /// <summary>Set-gid without group execution stays when the one who changes the file is of its group, in whichever way.</summary>
    [TestCase(1001u, 1000u, 1002u)]
    [TestCase(1001u, 1002u, 1000u)]
    [TestCase(1001u, 1002u, 1003u)]
    [TestCase(0u, 0u, 1u)]
    public void Write_SetGidThatDoesNotExecute_StaysForTheGroupOnly(uint user, uint group, uint supplementary)
    {
        AsMember By(Operation operation) => new(user, group, supplementary, operation);
        Compare(new Layer().File("a", "x", 2666, 1000).File("b", "x", 2666, 1000).File("c", "x", 2666, 1000),
            By(new Open("1", "a", O.RDWR)), By(new Write("1", 0, "y")), By(new Truncate("b", 0)),
            By(new Open("2", "c", O.WRONLY | O.TRUNC)), new Lstat("a"), new Lstat("b"), new Lstat("c"));
    }

    [Test]
    public void Chgrp_OwnerInForeignGroup_DropsSetGid() => Compare(
        new Layer().File("f", "x", 2644, 1000), new Lchown("f", -1, 1005), new Chmod("f", 2644),
        new AsMember(1000, 1000, 1002, new Lchown("f", -1, 1002)), new Lstat("f"));

    [Test]
    public void Chmod_SetGidOfForeignGroup_IsNotSet() => Compare(
        new Layer().File("f", "x", 644, 1000).Dir("d", 755, 1000), new Lchown("f", -1, 1005), new Lchown("d", -1, 1005),
        new As(1000, new Chmod("f", 2755)), new As(1000, new Chmod("d", 2755)), new Lstat("f"), new Lstat("d"));

    [TestCase(0)]
    [TestCase(1000)]
    public void Change_FileWithCapability_LosesItAsInTheKernel(int user)
    {
        Layer lower = new Layer();
        foreach (string name in new[] { "write", "chown", "truncate", "chmod", "open" })
            lower.File(name, "x", 777, 1000).Xattr(name, "security.capability", Capability);
        uint by = (uint)user;
        Compare(lower, new As(by, new Open("1", "write", O.WRONLY)), new As(by, new Write("1", 0, "y")),
            new As(by, new Lchown("chown", -1, 1000)), new As(by, new Truncate("truncate", 0)), new As(by, new Chmod("chmod", 700)),
            new As(by, new Open("2", "open", O.RDWR)), new GetXattr("write", "security.capability"),
            new GetXattr("chown", "security.capability"), new GetXattr("truncate", "security.capability"),
            new GetXattr("chmod", "security.capability"));
    }

    [Test]
    public void Write_TmpfileUnderDefaultAclByStranger_DropsSetGid() => Compare(
        new Layer().Dir("d").DefaultAcl("d", "u::rw-,g::r--,o::r--"), new Open("0", "d", O.RDWR | O.TMPFILE, 2711),
        new As(1000, new Write("0", 4000, "x")), new Fstat("0"));
}
