using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>Inodes without a name: unlinked while the kernel knows them, or made so by O_TMPFILE.</summary>
public sealed class UnnamedTests : OverlayTest
{
    [Test]
    public void Unlink_OpenFile_IsUsableUntilItIsForgotten([Values] bool fromLower)
    {
        OverlayUnderTest overlay = fromLower ? Open(new DiskLayer().File("a", "content"))
            : OpenUpper(new DiskLayer().File("a", "content"), new DiskLayer());
        NodeId node = overlay.Node("a");
        Assert.That(overlay.Open(node, OpenFlags.ReadOnly, out HandleId handle), Is.EqualTo(Errno.None));
        Assert.That(overlay.Unlink("a"), Is.EqualTo(Errno.None));
        Assert.That(overlay.ReadOpen(node, handle), Is.EqualTo("content"));
        Assert.That(overlay.SetAttr(node, new SetAttrIn { Valid = SetAttrValid.Mode, Mode = 0x180 }), Is.EqualTo(Errno.None));
        Assert.That(overlay.Stat(node).Mode & 0xFFF, Is.EqualTo(0x180));
        Assert.That(overlay.SetAttr(node, new SetAttrIn { Valid = SetAttrValid.Size, Size = 3 }), Is.EqualTo(Errno.None));
        Assert.That((overlay.ReadOpen(node, handle), overlay.Exists("a")), Is.EqualTo(("con", false)));
        Assert.That(overlay.Release(node, handle), Is.EqualTo(Errno.None));
    }

    /// <summary>Its descriptor is one of O_PATH: linking must follow /proc/self/fd, not link the magic link itself.</summary>
    [Test]
    public void Link_TmpFile_GetsAName([Values] bool overWhiteout)
    {
        OverlayUnderTest overlay = OpenUpper(overWhiteout ? new DiskLayer().Whiteout("a") : new DiskLayer(),
            new DiskLayer().File("a", "hidden"));
        if (!overWhiteout)
            Assert.That(overlay.Unlink("a"), Is.EqualTo(Errno.None));
        Assert.That(overlay.TmpFile("", 0x1A4, out NodeId node, out HandleId handle), Is.EqualTo(Errno.None));
        Assert.That(overlay.WriteAt(node, handle, 0, "made whole"), Is.EqualTo(Errno.None));
        Assert.That(overlay.Link(node, "a"), Is.EqualTo(Errno.None));
        Assert.That(overlay.Release(node, handle), Is.EqualTo(Errno.None));
        Assert.That(File.ReadAllText(overlay.Upper("a")), Is.EqualTo("made whole"));
        Assert.That((overlay.Node("a"), overlay.Stat("a").Nlink), Is.EqualTo((node, 1u)));
    }

    [Test]
    public void Link_UnlinkedFileWithAnotherName_LinksIt()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("a", "content").HardLink("b", "a"), new DiskLayer());
        NodeId node = overlay.Node("a");
        Assert.That(overlay.Unlink("a"), Is.EqualTo(Errno.None));
        Assert.That(overlay.Link(node, "c"), Is.EqualTo(Errno.None));
        Assert.That((overlay.Node("c"), overlay.Node("b"), overlay.Stat(node).Nlink), Is.EqualTo((node, node, 2u)));
    }

    /// <summary>A node number that was forgotten is given again, but never with its old generation: NFS clients tell by it.</summary>
    [Test]
    public void Lookup_AfterForget_GivesTheNumberWithANewGeneration()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("a").File("b"));
        Assert.That(overlay.TryNode("a", out EntryOut first), Is.EqualTo(Errno.None));
        overlay.Forget(first.NodeId);
        Assert.That(overlay.TryNode("b", out EntryOut second), Is.EqualTo(Errno.None));
        Assert.That(second.NodeId, Is.EqualTo(first.NodeId));
        Assert.That(second.Generation, Is.Not.EqualTo(first.Generation));
    }

    /// <summary>
    /// A file that cannot be held must not be removed: its number would go to the next file, and with it the handles of those who have it
    /// open.
    /// </summary>
    [TestCase("unlink")]
    [TestCase("rename over")]
    public void Remove_NoDescriptorLeft_FailsAndRemovesNothing(string operation)
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("a", "mine").File("b", "other"), new DiskLayer());
        NodeId node = overlay.Node("a");
        _ = overlay.Node("b");
        Errno error;
        using (new NoDescriptors())
            error = operation == "unlink" ? overlay.Unlink("a") : overlay.Rename("b", "a");
        Assert.That(error, Is.EqualTo(Errno.EMFILE));
        Assert.That(overlay.List(), Is.EqualTo(new[] { "a", "b" }));
        Assert.That((overlay.Node("a"), overlay.Read("a")), Is.EqualTo((node, "mine")));
        Assert.That((overlay.Unlink("a"), overlay.Unlink("b")), Is.EqualTo((Errno.None, Errno.None)));
    }

    /// <summary>The number of a removed file is given to the next: that one is another node.</summary>
    [Test]
    public void Create_WithTheNumberOfAnUnlinkedFile_IsAnotherNode()
    {
        OverlayUnderTest overlay = Open(new DiskLayer());
        Assert.That(overlay.Create("a", "old"), Is.EqualTo(Errno.None));
        NodeId old = overlay.Node("a");
        Assert.That(overlay.Unlink("a"), Is.EqualTo(Errno.None));
        for (int i = 0; i < 100; i++)
            Assert.That(overlay.Create("new" + i, "new"), Is.EqualTo(Errno.None));
        Assert.That(Enumerable.Range(0, 100).Select(i => overlay.Node("new" + i)), Has.None.EqualTo(old));
        Assert.That(overlay.Stat(old).Nlink, Is.Zero);
    }

    /// <summary>
    /// "rm a/x; rmdir a; stat b/y" where both are links: a lives on through x only, and must go when x gets the name b/y.
    /// </summary>
    [Test]
    public void Lookup_OtherLinkOfAnUnlinkedFile_FreesTheDirectoryOfTheFirst()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("a/x").Dir("b").HardLink("b/y", "a/x"), new DiskLayer());
        NodeId file = overlay.Node("a/x");
        NodeId directory = overlay.Node("a");
        Assert.That((overlay.Unlink("a/x"), overlay.RmDir("a")), Is.EqualTo((Errno.None, Errno.None)));
        overlay.Forget(directory);
        Assert.That(overlay.FileSystem.View.Inodes[directory], Is.Not.Null, "the child's last known name");
        Assert.That(overlay.Node("b/y"), Is.EqualTo(file));
        Assert.That(overlay.FileSystem.View.Inodes[directory], Is.Null);
    }

    /// <summary>cp -al, then rm the first tree, then stat the second: no descriptor for each file.</summary>
    [Test]
    public void Lookup_OtherLinkOfAnUnlinkedFile_GivesItsDescriptorBack()
    {
        var upper = new DiskLayer().Dir("first").Dir("second");
        for (int i = 0; i < 50; i++)
            upper.File("first/" + i).HardLink("second/" + i, "first/" + i);
        OverlayUnderTest overlay = OpenUpper(upper, new DiskLayer());
        _ = overlay.Exists("second/absent"); // opens the directory
        for (int i = 0; i < 50; i++)
            _ = overlay.Node("first/" + i);
        int before = Descriptors.Count();
        for (int i = 0; i < 50; i++)
            Assert.That(overlay.Unlink("first/" + i), Is.EqualTo(Errno.None));
        Assert.That(Descriptors.Count() - before, Is.EqualTo(50), "each holds its inode");
        for (int i = 0; i < 50; i++)
            _ = overlay.Node("second/" + i);
        Assert.That(Descriptors.Count(), Is.EqualTo(before));
    }
}
