using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Operations;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>Which layer a name comes from, and what hides it.</summary>
public sealed class LookupTests : OverlayTest
{
    [Test]
    public void Lookup_NameInSeveralLayers_ShowsTheTopmost()
    {
        OverlayUnderTest overlay = OpenUpper(
            new DiskLayer().File("a", "upper"),
            new DiskLayer().File("a", "top").File("b", "top"),
            new DiskLayer().File("b", "bottom").File("c", "bottom"));
        Assert.That(new[] { overlay.Read("a"), overlay.Read("b"), overlay.Read("c") }, Is.EqualTo(new[] { "upper", "top", "bottom" }));
    }

    [Test]
    public void Lookup_NowhereThere_IsANegativeEntryWithATimeout()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("a"));
        Errno error = overlay.Lookup(NodeId.Root, Linux.Name.From("b"), out EntryOut entry);
        Assert.That((error, entry.NodeId, entry.EntryValid > 0), Is.EqualTo((Errno.None, NodeId.None, true)));
    }

    [Test]
    public void Lookup_BelowAFile_IsENotDir()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("upper"), new DiskLayer().File("lower"));
        Assert.That(
            (overlay.Lookup(overlay.Node("upper"), Linux.Name.From("x"), out _),
                overlay.Lookup(overlay.Node("lower"), Linux.Name.From("x"), out _)),
            Is.EqualTo((Errno.ENOTDIR, Errno.ENOTDIR)));
    }

    [Test]
    public void Lookup_UpperWhiteout_HidesTheLowerFile()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().Whiteout("a"), new DiskLayer().File("a").File("b"));
        Assert.That((overlay.Exists("a"), overlay.Exists("b")), Is.EqualTo((false, true)));
    }

    [Test]
    public void Lookup_WhiteoutBetweenLowers_HidesWhatIsBelowOnly()
    {
        OverlayUnderTest overlay = Open(
            new DiskLayer().File("above", "top"),
            new DiskLayer().Whiteout("above").Whiteout("below"),
            new DiskLayer().File("above", "bottom").File("below", "bottom"));
        Assert.That((overlay.Read("above"), overlay.Exists("below")), Is.EqualTo(("top", false)));
    }

    [Test]
    public void Lookup_CharacterDeviceThatIsNoWhiteout_IsSeen([Values(1u, 0u)] uint major)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().DeviceNode("null", 'c', major, 3));
        Assert.That(overlay.Stat("null").Mode & (uint)FileType.Mask, Is.EqualTo((uint)FileType.CharacterDevice));
    }

    [TestCase("trusted.overlay.opaque", false)]
    [TestCase("user.overlay.opaque", true)]
    [TestCase("user.fuseoverlayfs.opaque", true)]
    public void Lookup_OpaqueUpperDirectory_HidesTheLowerOnes(string xattr, bool user)
    {
        OverlayUnderTest overlay = OpenOver(
            new DiskLayer().File("d/mine").Xattr("d", xattr, "y"),
            options => options with { UserXattr = user },
            new DiskLayer().File("d/theirs"));
        Assert.That(overlay.List("d"), Is.EqualTo(new[] { "mine" }));
    }

    [TestCase("trusted.overlay.opaque", true)]
    [TestCase("user.overlay.opaque", false)]
    [TestCase("user.fuseoverlayfs.opaque", false)]
    public void Lookup_OpaqueMarkOfTheOtherNamespace_IsNone(string xattr, bool user)
    {
        OverlayUnderTest overlay = OpenOver(
            new DiskLayer().File("d/mine").Xattr("d", xattr, "y"),
            options => options with { UserXattr = user },
            new DiskLayer().File("d/theirs"));
        Assert.That(overlay.List("d"), Is.EqualTo(new[] { "mine", "theirs" }));
    }

    [TestCase("n")]
    [TestCase("yes")]
    [TestCase("a value longer than any that overlayfs writes")]
    [TestCase("0x00")]
    public void Lookup_OpaqueXattrOfAnotherValue_HidesNothing(string value)
    {
        OverlayUnderTest overlay = OpenUpper(
            new DiskLayer().File("d/mine").Xattr("d", "trusted.overlay.opaque", value),
            new DiskLayer().File("d/theirs"));
        Assert.That(overlay.List("d"), Is.EqualTo(new[] { "mine", "theirs" }));
    }

    [Test]
    public void Lookup_OpaqueMiddleLayer_CutsTheStackThere()
    {
        OverlayUnderTest overlay = Open(
            new DiskLayer().File("d/top"), new DiskLayer().File("d/middle").Opaque("d"), new DiskLayer().File("d/bottom"));
        Assert.That(overlay.List("d"), Is.EqualTo(new[] { "middle", "top" }));
    }

    [Test]
    public void Lookup_FileOverDirectory_HidesItAndWhatIsBelow()
    {
        OverlayUnderTest overlay = OpenUpper(
            new DiskLayer().Dir("d"), new DiskLayer().File("d", "a file"), new DiskLayer().File("d/below"));
        Assert.That(overlay.List("d"), Is.Empty);
    }

    [Test]
    public void Lookup_DirectoryOverFile_IsNotMergedWithIt()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().Dir("d"), new DiskLayer().File("d"));
        Assert.That((overlay.Stat("d").Nlink, overlay.List("d").Length), Is.EqualTo((2u, 0)));
    }

    [Test]
    public void Lookup_SymlinkOverDirectory_IsTheSymlink()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().Symlink("d", "elsewhere"), new DiskLayer().File("d/below"));
        Assert.That(overlay.ReadLink("d"), Is.EqualTo("elsewhere"));
    }

    [Test]
    public void Lookup_MergedDirectory_HasOneLink()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().Dir("d/sub"), new DiskLayer().Dir("d").Dir("alone/sub"));
        Assert.That((overlay.Stat("d").Nlink, overlay.Stat("alone").Nlink), Is.EqualTo((1u, 3u)));
    }

    [TestCase(255, Errno.None)]
    [TestCase(256, Errno.ENAMETOOLONG)]
    public void Lookup_LongName_EndsAt255Bytes(int length, Errno expected)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File(new string('n', 255)));
        Assert.That(overlay.Lookup(NodeId.Root, Linux.Name.From(new string('n', length)), out _), Is.EqualTo(expected));
    }

    [Test]
    public void Lookup_ForgottenNode_IsStale()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a"));
        NodeId node = overlay.Node("d");
        overlay.ForgetAll();
        Assert.That(overlay.Lookup(node, Linux.Name.From("a"), out _), Is.EqualTo(Errno.ESTALE));
    }

    [TestCase(0ul)]
    [TestCase(77ul)]
    [TestCase(1ul << 40)]
    [TestCase(ulong.MaxValue)]
    public void AnyOperation_UnknownNode_IsStale(ulong number)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("a"));
        var node = new NodeId(number);
        FuseRequestOn(overlay, node);
    }

    [Test]
    public void Lookup_LayerCannotBeRead_IsNotAbsence()
    {
        // The lower directory is renamed away behind our back before its descriptor was opened: "could not look", and no negative entry.
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a"), new DiskLayer().File("d/b"));
        NodeId directory = overlay.Node("d");
        System.IO.Directory.Move(overlay.Lower(1, "d"), overlay.Lower(1, "gone"));
        Errno error = overlay.Lookup(directory, Linux.Name.From("b"), out _);
        System.IO.Directory.Move(overlay.Lower(1, "gone"), overlay.Lower(1, "d"));
        Assert.That(error, Is.EqualTo(Errno.ESTALE));
    }

    protected override bool ChangesLowers => true;

    private static void FuseRequestOn(OverlayUnderTest overlay, NodeId node) => Assert.Multiple(() =>
    {
        Name name = Linux.Name.From("x");
        OverlayFileSystem fileSystem = overlay.FileSystem;
        Assert.That(fileSystem.Lookup(overlay.Request(Opcode.Lookup, node), name, out _), Is.EqualTo(Errno.ESTALE), "LOOKUP");
        Assert.That(fileSystem.GetAttr(overlay.Request(Opcode.GetAttr, node), default, out _), Is.EqualTo(Errno.ESTALE), "GETATTR");
        Assert.That(fileSystem.SetAttr(overlay.Request(Opcode.SetAttr, node), default, out _), Is.EqualTo(Errno.ESTALE), "SETATTR");
        Assert.That(fileSystem.MkDir(overlay.Request(Opcode.MkDir, node), default, name, out _), Is.EqualTo(Errno.ESTALE), "MKDIR");
        Assert.That(fileSystem.Unlink(overlay.Request(Opcode.Unlink, node), name), Is.EqualTo(Errno.ESTALE), "UNLINK");
        Assert.That(fileSystem.RmDir(overlay.Request(Opcode.RmDir, node), name), Is.EqualTo(Errno.ESTALE), "RMDIR");
        Assert.That(fileSystem.Open(overlay.Request(Opcode.Open, node), default, out _), Is.EqualTo(Errno.ESTALE), "OPEN");
        Assert.That(fileSystem.OpenDir(overlay.Request(Opcode.OpenDir, node), default, out _), Is.EqualTo(Errno.ESTALE), "OPENDIR");
        Assert.That(fileSystem.GetXattr(overlay.Request(Opcode.GetXattr, node), name, default, out _), Is.EqualTo(Errno.ESTALE),
            "GETXATTR");
        Assert.That(fileSystem.Link(overlay.Request(Opcode.Link, NodeId.Root), new LinkIn { OldNode = node }, name, out _),
            Is.EqualTo(Errno.ESTALE), "LINK");
        fileSystem.Forget(node, 1);
    });
}
