using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Scenarios;

/// <summary>chattr +i and +a: kept in xattr "protattr" of the upper file, and obeyed by whoever mounts it.</summary>
internal sealed class ProtectionScenarios(string fileSystem) : OracleFixture(fileSystem)
{
    private const long Append = 0x20, Immutable = 0x10, NoAtime = 0x80;

    private static readonly Layer Tree = new Layer()
        .File("f", "file").Xattr("f", "user.old", "v").File("other", "o").HardLink("hard", "f").File("d/lower", "l").File("d/gone", "g")
        .File("d/sub/deep", "x").Dir("d/empty").Dir("free").File("free/x", "x");

    private static Operation[] WithFlags(string path, long flags, params Operation[] operations) =>
    [
        new Open("flags", path, O.RDONLY), new ChangeFlags("flags", flags, 0), new GetFlags("flags"), .. operations,
        new ChangeFlags("flags", 0, Append | Immutable | NoAtime), new GetFlags("flags"), new Close("flags"), new Chmod(path, 700),
    ];

    private static Operation[] FileChanges(string path) =>
    [
        new Chmod(path, 600), new Lchown(path, 1, 2), new Truncate(path, 0), new Utimens(path, 5, 6), new SetXattr(path, "user.new", "v"),
        new SetXattr(path, "trusted.new", "v"), new RemoveXattr(path, "user.old"), new RemoveXattr(path, "user.absent"),
        new SetAcl(path, "u::rw-,g::r--,o::---"),
        new Link(path, "linked"), new Rename(path, "renamed"), new Rename("other", path), new Rename("other", path, RenameFlags.Exchange),
        new Rename(path, "other", RenameFlags.Exchange), new Unlink(path), new ReadFile(path), new Lstat(path),
        new Open("t", path, O.WRONLY | O.APPEND | O.TRUNC), new Open("r", path, O.RDONLY | O.TRUNC), new Open("w", path, O.WRONLY),
        new Open("rw", path, O.RDWR), new Touch(path),
        new Open("end", path, O.WRONLY | O.APPEND), new WriteNext("end", "more"), new Fallocate("end", FallocFlags.KeepSize, 0, 8192),
        new Fallocate("end", FallocFlags.PunchHole | FallocFlags.KeepSize, 0, 2), new Ftruncate("end", 1), new Close("end"),
    ];

    [Test]
    public void Protection_OfAFile_IsKeptAndObeyedAsInTheKernel([Values(Append, Immutable, Append | Immutable)] long flags,
        [Values("", "userxattr", "metacopy=on", "index=on")] string options)
    {
        Operation[] operations =
        [
            .. WithFlags("f", flags, FileChanges("f")), new Create("made", "new"), new SetXattr("made", "user.old", "v"),
            .. WithFlags("made", flags, FileChanges("made")),
            .. WithFlags("other", flags | NoAtime,
                [new Remount(), new Open("flags", "other", O.RDONLY), new GetFlags("flags"), .. FileChanges("other"), new Chmod("f", 604),
                    new SwitchSides(), new Open("flags", "other", O.RDONLY), new GetFlags("flags"), .. FileChanges("other")]),
        ];
        Compare(new Scenario(new Layer(), [Tree], operations, options));
    }

    [TestCase(Append)]
    [TestCase(Immutable)]
    public void Protection_SetWhileOpenForWriting_StopsOnlyWhatTheKernelStops(long flags)
    {
        Operation[] writes = TellsOpens
            ? [new Write("w", 0, "through"), new WriteNext("end", "end"), new Ftruncate("w", 3), new CopyRange("r", 0, "w", 0, 1)] : [];
        Compare(Tree, [
            new Open("w", "f", O.RDWR), new Open("end", "f", O.WRONLY | O.APPEND), new Open("r", "other", O.RDONLY), new Write("w", 0, "F"),
            .. WithFlags("f", flags,
                [.. writes, new Fallocate("w", FallocFlags.None, 0, 9000), new Fchmod("w", 600), new FsetXattr("w", "user.a", "b"),
                    new Futimens("w", 5, 6), new LinkDescriptor("w", "linked")]), new ReadFile("f")]);
    }

    private static Operation[] ChangesIn(string directory) =>
    [
        new Create(directory + "/new", "n"), new Mkdir(directory + "/dir"), new Symlink(directory + "/link", "x"),
        new Mknod(directory + "/fifo", 'p'), new Link("other", directory + "/hard"), new OpenFile("tmp", directory, O.RDWR | (O)0x410000),
        new Create(directory + "/lower", "again"),
        new Unlink(directory + "/new"), new Unlink(directory + "/lower"), new Unlink(directory + "/absent"),
        new Rmdir(directory + "/empty"), new Rmdir(directory + "/sub"), new Rename(directory + "/lower", directory + "/moved"),
        new Rename(directory + "/lower", "out"), new Rename("other", directory + "/in"), new Rename("free", directory + "/free"),
        new Rename(directory + "/sub", "sub out"), new Rename("other", directory + "/lower", RenameFlags.Exchange),
        new Rename("free/x", directory + "/lower"), new Open("in", directory + "/lower", O.WRONLY | O.APPEND), new WriteNext("in", "more"),
        new Close("in"), new Chmod(directory + "/sub", 711), new Create(directory + "/sub/new"), new Unlink(directory + "/sub/deep"),
        new Chmod(directory, 700), new Lchown(directory, 1, 2), new SetXattr(directory, "user.a", "b"), new Utimens(directory, 5, 6),
        new Touch(directory), new Rename(directory, "elsewhere"), new Rename("free", directory), new Rmdir(directory),
        new ReadDir(directory), new Lstat(directory),
    ];

    [Test]
    public void Protection_OfADirectory_IsKeptAndObeyedAsInTheKernel([Values(Append, Immutable, Append | Immutable)] long flags,
        [Values("", "redirect_dir=on", "index=on")] string options)
    {
        Operation[] operations =
        [
            new Unlink("d/gone"), .. WithFlags("d", flags, ChangesIn("d")), new Unlink("d/lower"), new Mkdir("made"),
            new Create("made/lower", "l"), new Mkdir("made/sub"), new Create("made/sub/deep"), new Mkdir("made/empty"),
            .. WithFlags("made", flags,
                [.. ChangesIn("made"), new SwitchSides(), new Open("flags", "made", O.RDONLY), new GetFlags("flags"),
                    .. ChangesIn("made")]),
        ];
        Compare(new Scenario(new Layer(), [Tree], operations, options));
    }

    [TestCase("f", "i", "")]
    [TestCase("f", "a", "")]
    [TestCase("f", "ia", "metacopy=on")]
    [TestCase("f", "a", "index=on")]
    public void Protection_OfALowerFile_IsObeyedAndKeptByItsCopy(string path, string flags, string options)
    {
        Operation[] operations =
        [
            .. FileChanges(path), new Open("flags", path, O.RDONLY), new GetFlags("flags"),
            new ChangeFlags("flags", NoAtime | Append, Immutable), new GetFlags("flags"), new Remount(), .. FileChanges(path),
            new SwitchSides(), .. FileChanges(path), .. WithFlags(path, Immutable, FileChanges(path)), new Unlink(path),
        ];
        Compare(new Scenario(new Layer(), [new Layer(Tree.Entries).Flags(path, flags)], operations, options));
    }

    [TestCase("i")]
    [TestCase("a")]
    [TestCase("ai")]
    public void Protection_OfALowerDirectory_IsObeyedAndKeptByItsCopy(string flags) =>
        Compare(new Layer(Tree.Entries).Flags("d", flags),
            [.. ChangesIn("d"), new Open("flags", "d", O.RDONLY), new GetFlags("flags"), new SwitchSides(), .. ChangesIn("d"),
                .. WithFlags("d", 0), new Unlink("d/lower"), new Rename("d/gone", "out")]);

    [TestCase("a")]
    [TestCase("i")]
    [TestCase("ia")]
    [TestCase("aai")]
    [TestCase("x")]
    [TestCase("ix")]
    [TestCase("")]
    [TestCase("aiaiaiaiaiaiaiaiaiaiaiaiaiaiaiaiaiaiai")]
    public void ProtAttr_OfAForeignUpper_IsReadAsByTheKernel(string value)
    {
        Layer upper = new Layer().File("made", "m").Xattr("made", "trusted.overlay.protattr", value).Dir("dir").File("dir/lower")
            .Dir("dir/sub").File("dir/sub/deep").Dir("dir/empty").Xattr("dir", "trusted.overlay.protattr", value);
        Operation[] operations =
        [
            new Open("1", "made", O.RDONLY), new GetFlags("1"), .. FileChanges("made"), new GetXattr("made", "trusted.overlay.protattr"),
            new ListXattr("made"), .. ChangesIn("dir"), new Open("2", "dir", O.RDONLY), new GetFlags("2"),
        ];
        Compare(new Scenario(upper, [Tree], operations) { ForeignUpper = true });
    }

    [Test]
    public void ProtAttr_OfAnUpperThatBecameALower_SaysNothing() => Compare(
        Tree, new Open("1", "f", O.RDONLY), new ChangeFlags("1", Immutable, 0), new Open("2", "d", O.RDONLY),
        new ChangeFlags("2", Append, 0), new Rotate(), new Chmod("f", 600), new Unlink("d/lower"), new Unlink("f"),
        new Open("2", "d", O.RDONLY), new GetFlags("2"));

    [TestCase("a")]
    [TestCase("i")]
    public void Flags_OfTheUpperFileItself_AreObeyed(string flags)
    {
        Layer upper = new Layer().File("made", "m").Flags("made", flags);
        Compare(new Scenario(upper, [Tree],
            [new Open("1", "made", O.RDONLY), new GetFlags("1"), .. FileChanges("made"), new ChangeFlags("1", NoAtime, 0),
                new ChangeFlags("1", Append, Immutable), new GetFlags("1"), .. FileChanges("made")])
        { ForeignUpper = true });
    }

    [Test]
    public void Protection_SetAfterACopyUp_HoldsForDescriptorsFromBefore() => Compare(
        new Layer().Sparse("big", 4 << 20, 0), new Open("old", "big", O.RDONLY), new Open("w", "big", O.WRONLY), new Write("w", 0, "new"),
        new Close("w"), new Fchmod("old", 640), new Open("new", "big", O.RDONLY), new ChangeFlags("new", Immutable, 0),
        new Fchmod("old", 600), new FsetXattr("old", "user.a", "b"), new Chmod("big", 600),
        new ChangeFlags("new", Append, Immutable), new Fchmod("old", 604), new Truncate("big", 5), new ChangeFlags("new", 0, Append),
        new Fchmod("old", 644), new Lstat("big"));
}
