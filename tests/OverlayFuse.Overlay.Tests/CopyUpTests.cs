using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>What a copy-up leaves on disk, and what stays the same in the merged view.</summary>
public sealed class CopyUpTests : OverlayTest
{
    private static readonly string[] s_names = ["d/file", "d/sparse", "d/link", "d/fifo", "d/device", "d"];

    private static DiskLayer Lower => new DiskLayer()
        .Dir("d", 1750, 1000)
        .File("d/file", "content", 4711, 2000).Xattr("d/file", "user.x", "value").Acl("d/file", "u::rwx,u:1000:r--,g::r-x,m::r-x,o::--x")
        .Times("d/file", -5, 4_000_000_000, 999_999_999)
        .Sparse("d/sparse", 1 << 20, 0, 512 << 10)
        .Symlink("d/link", "target").Fifo("d/fifo", 620).DeviceNode("d/device", 'b', 7, 300, 640)
        .File("d/twin").HardLink("d/other twin", "d/twin");

    /// <summary>
    /// Everything but the times of what was changed is that of the lower; the work directory is empty (checked for every test).
    /// </summary>
    [Test]
    public void CopyUp_EachType_IsOnDiskWhatTheKernelMakesOfIt()
    {
        OverlayUnderTest overlay = Open(Lower);
        string kernel = MountKernel();
        foreach (string name in s_names)
        {
            Assert.That(overlay.ChOwn(name, 4000, 5000), Is.EqualTo(Errno.None), name);
            Tool.Run("chown", "-h", "4000:5000", Path.Combine(kernel, name));
        }
        Tool.Run("umount", kernel);
        TreeSnapshot theirs = TreeSnapshot.Take(Sandbox.PathOf("kernel upper"), TreeView.OnDisk);
        Assert.That(theirs.Differences(TreeSnapshot.Take(overlay.Upper(), TreeView.OnDisk), "the kernel's", "ours"), Is.Empty);
        foreach (string name in s_names)
            AssertOrigin(overlay, name);
        Assert.That(Xattrs.Get(overlay.Upper("d"), "trusted.overlay.impure"), Is.EqualTo("y"u8.ToArray()));
    }

    /// <summary>A file of several links gets no origin: each copy has a number of its own (index=off).</summary>
    [Test]
    public void CopyUp_HardLink_HasNoOriginAndBreaks()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That(overlay.Write("d/twin", "changed"), Is.EqualTo(Errno.None));
        Assert.That(Xattrs.Names(overlay.Upper("d/twin")), Is.Empty);
        Assert.That((overlay.Read("d/other twin"), overlay.Stat("d/other twin").Nlink, overlay.Stat("d/twin").Nlink),
            Is.EqualTo(("", 2u, 1u)));
        Assert.That(overlay.Stat("d/twin").Ino, Is.Not.EqualTo(overlay.Stat("d/other twin").Ino));
    }

    [TestCaseSource(nameof(s_names))]
    public void CopyUp_AnyType_KeepsNodeAndNumberAlsoOverARemount(string name)
    {
        OverlayUnderTest overlay = Open(Lower);
        (NodeId node, ulong ino) = (overlay.Node(name), overlay.Stat(name).Ino);
        Assert.That(overlay.ChOwn(name, 1, 1), Is.EqualTo(Errno.None));
        Assert.That((overlay.Node(name), overlay.Stat(name).Ino, overlay.InodeOf(name).HasUpper), Is.EqualTo((node, ino, true)));
        overlay.ForgetAll();
        Assert.That(overlay.Stat(name).Ino, Is.EqualTo(ino), "looked up anew");
        Close(overlay);
        Assert.That(Reopen().Stat(name).Ino, Is.EqualTo(ino), "mounted anew");
    }

    [Test]
    public void Ino_OfEveryEntry_IsUniqueAndTheSameInListings()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("d/mine").Dir("e"), Lower,
            new DiskLayer().File("d/deep").File("e/x").File("twin"));
        _ = overlay.ChOwn("d/file", 1, 1);
        string[] paths = ["d", "e", "e/x", "twin", .. overlay.List("d").Where(name => name != "other twin").Select(name => "d/" + name)];
        ulong[] numbers = [.. paths.Select(path => overlay.Stat(path).Ino)];
        Assert.That(numbers, Is.Unique.And.None.Zero);
        foreach (bool plus in new[] { false, true })
            Assert.That(overlay.Entries("d", plus).Select(entry => entry.Ino),
                Is.EqualTo(overlay.Entries("d").Select(entry => overlay.Stat("d/" + entry.Name).Ino)));
    }

    [Test]
    public void Lookup_HardLinksInTheUpper_AreOneInode()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("a", "content").Dir("d"));
        Assert.That((overlay.Link("a", "b"), overlay.Link("b", "d/c")), Is.EqualTo((Errno.None, Errno.None)));
        Assert.That((overlay.Node("b"), overlay.Node("d/c"), overlay.Stat("a").Nlink),
            Is.EqualTo((overlay.Node("a"), overlay.Node("a"), 3u)));
        Assert.That(overlay.InodeOf("d/c"), Is.SameAs(overlay.InodeOf("a")));
        Close(overlay);
        OverlayUnderTest again = Reopen();
        Assert.That((again.Node("b"), again.Node("d/c")), Is.EqualTo((again.Node("a"), again.Node("a"))));
    }

    /// <summary>The same file handle as name_to_handle_at(2) gives for the lower file, behind the kernel's header.</summary>
    private static void AssertOrigin(OverlayUnderTest overlay, string name)
    {
        byte[] handle = new byte[128];
        Assert.That(Sys.NameToHandleAt(Fd.WorkingDirectory, Linux.Name.From(overlay.Lower(0, name)), handle, out int type, out int length),
            Is.EqualTo(Errno.None));
        byte[] origin = Xattrs.Get(overlay.Upper(name), "trusted.overlay.origin") ?? [];
        Assert.That(origin[..5], Is.EqualTo(new byte[] { 0, 0xFB, (byte)(21 + length), 0, (byte)type }), name);
        Assert.That(origin[21..], Is.EqualTo(handle[..length]), name);
    }

    private string MountKernel()
    {
        string merged = Sandbox.MakeDirectory("kernel merged");
        LayerBuilder.Build(new DiskLayer(), Sandbox.PathOf("kernel upper"));
        string options = $"lowerdir={Sandbox.PathOf("lower0")},upperdir={Sandbox.PathOf("kernel upper")},"
            + $"workdir={Sandbox.MakeDirectory("kernel work")},index=off,redirect_dir=off,metacopy=off,uuid=auto";
        Tool.Run("mount", "-t", "overlay", "overlay", "-o", options, merged);
        return merged;
    }
}
