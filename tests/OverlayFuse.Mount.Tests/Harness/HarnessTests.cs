using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>The harness itself: it must build what it is told, see every difference, and leave nothing behind.</summary>
[TestFixture]
internal sealed class HarnessTests
{
    private static Layer Everything() => new Layer()
        .Root(751, 7)
        .Dir("d", 1750, 1000).File("d/f", "text", 4755, 1000).Sparse("d/s", 1 << 20, 0, 65536).Symlink("l", "d/f").HardLink("h", "d/f")
        .Whiteout("w").Opaque("d").Xattr("d/f", "user.a", "0x00ff").Acl("d/s", "u::rw-,u:1000:r--,g::r--,m::r--,o::---")
        .DefaultAcl("d", "u::rwx,g::r-x,o::---").Fifo("p", 620).Socket("so").DeviceNode("c", 'c', 1, 3, 666).AufsWhiteout("d/gone")
        .File(Values.Name(0xff, 0x80, 1, (byte)' ', 0xc3), "x").Times("l", 5, 6, 7);

    [Test]
    public void Build_SameLayerTwice_GivesEqualTrees()
    {
        using Sandbox sandbox = Sandbox.InMemory();
        foreach (string name in new[] { "a", "b" }) LayerBuilder.Build(Everything(), sandbox.PathOf(name));
        TreeSnapshot a = TreeSnapshot.Take(sandbox.PathOf("a"), TreeView.OnDisk),
            b = TreeSnapshot.Take(sandbox.PathOf("b"), TreeView.OnDisk);
        Assert.That(a.Differences(b, "a", "b"), Is.Empty);
        Assert.Multiple(() =>
        {
            Assert.That(a["w"].IsWhiteout);
            Assert.That(a["d"].IsOpaque);
            Assert.That(a["d/f"].Permissions, Is.EqualTo(Mode.Bits(4755)));
            Assert.That(a["d/f"].Links, Is.EqualTo(2));
            Assert.That(a["d/s"]["data"], Is.EqualTo("0-4096 65536-69632"));
            Assert.That(a["l"]["mtime"], Is.EqualTo("6.000000007"));
            Assert.That(a["h"]["same inode as"], Is.EqualTo("d/f"));
        });
    }

    [TestCase("chmod 700 a/d/f", "mode")]
    [TestCase("chown 3 a/d/f", "owner")]
    [TestCase("touch -d @9 a/d/f", "mtime")]
    [TestCase("touch -a -d @9 a/d/f", "atime")]
    [TestCase("rm a/h", "only on b")]
    [TestCase("mkdir a/new", "only on a")]
    [TestCase("setfattr -n trusted.overlay.impure -v y a/d", "xattr trusted.overlay.impure")]
    [TestCase("setfattr -n user.a -v z a/d/f", "xattr user.a")]
    [TestCase("setfacl -b a/d/s", "xattr system.posix_acl_access")]
    [TestCase("printf X | dd of=a/d/s conv=notrunc bs=1 seek=10", "hash")]
    [TestCase("dd if=/dev/zero of=b/d/s conv=notrunc bs=4096 seek=32 count=1", "data")]
    [TestCase("truncate -s 5 a/d/s", "size")]
    [TestCase("rm a/h && cp -a a/d/f a/h", "same inode as")]
    [TestCase("ln -sfn other a/l", "target")]
    [TestCase("rm a/c && mknod a/c c 1 5", "rdev")]
    public void Differences_OneChange_NameIt(string change, string expected)
    {
        using Sandbox sandbox = Sandbox.InMemory();
        foreach (string name in new[] { "a", "b" }) LayerBuilder.Build(Everything(), sandbox.PathOf(name));
        Tool.Run("sh", "-c", $"cd {sandbox.Root} && {{ {change}; }} 2>&1");
        TreeSnapshot a = TreeSnapshot.Take(sandbox.PathOf("a"), TreeView.OnDisk),
            b = TreeSnapshot.Take(sandbox.PathOf("b"), TreeView.OnDisk);
        Assert.That(a.Differences(b, "a", "b"), Has.Some.Contains(expected));
    }

    [TestCase("0-4096 8192-20000", "0-4096 8192-12288", true)]
    [TestCase("0-4096", "", true)]
    [TestCase("0-4096", "0-8192", false)]
    [TestCase("", "0-4096", false)]
    public void Covers_Extents_IsTrueForFewerDataOnly(string outer, string inner, bool expected) =>
        Assert.That(Extents.Covers(outer, inner), Is.EqualTo(expected));

    [Test]
    public void Dispose_MountsAndLoopDevicesLeft_RemovesThemAll()
    {
        string root, image;
        using (Sandbox sandbox = Sandbox.OnDisk())
        {
            root = sandbox.Root;
            image = sandbox.PathOf("ext4-0.img");
            string disk = sandbox.MakeFileSystem("ext4", 16);
            foreach (string name in new[] { "l", "u", "w" }) Directory.CreateDirectory(disk + "/" + name);
            KernelOverlay.Mount(new OverlayOptions([disk + "/l"], disk + "/u", disk + "/w"), sandbox.PathOf("m"));
            Assert.That(MountTable.Below(root), Has.Count.EqualTo(2));
        }
        Assert.Multiple(() =>
        {
            Assert.That(MountTable.Below(root), Is.Empty);
            Assert.That(Directory.Exists(root), Is.False);
            Assert.That(Tool.Run("losetup", "-l", "-n", "-O", "BACK-FILE"), Does.Not.Contain(image));
        });
    }

    [Test]
    public void RunAs_OrdinaryUser_HasItsRightsOnlyAndOnlyInside()
    {
        using Sandbox sandbox = Sandbox.InMemory();
        LayerBuilder.Build(new Layer().File("secret", "x", 600), sandbox.PathOf("t"));
        string secret = sandbox.PathOf("t", "secret");
        Assert.That(Credentials.RunAs(1000, () => Syscall.open(secret, OpenFlags.O_RDONLY) < 0 ? Stdlib.GetLastError() : 0),
            Is.EqualTo(Errno.EACCES));
        Assert.That(Syscall.geteuid(), Is.Zero);
    }
}
