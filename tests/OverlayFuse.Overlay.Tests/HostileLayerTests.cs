using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>Layers that somebody made to do harm, or that a broken disk gives: nothing throws, hangs, or leads out of a layer.</summary>
public sealed class HostileLayerTests : OverlayTest
{
    private string _outside = "";

    protected override bool ChangesLowers => true;

    [SetUp]
    public void MakeOutside()
    {
        _outside = Sandbox.MakeDirectory("outside");
        File.WriteAllText(Path.Combine(_outside, "secret"), "secret");
    }

    [TestCase("")]
    [TestCase("0x00")]
    [TestCase("0xFB")]
    [TestCase("0x00FB150081")]
    [TestCase("0x00FBFF0001")]
    [TestCase("0x00FB160001000000000000000000000000000000000000FF")]
    [TestCase("0x01FB160001000000000000000000000000000000000000FF")]
    [TestCase("0x00FB160101000000000000000000000000000000000000FF")]
    public void Lookup_OriginOfGarbage_IsTheUppersOwnNumber(string origin)
    {
        OverlayUnderTest overlay = OpenUpper(
            new DiskLayer().File("d/a", "mine").Xattr("d", "trusted.overlay.impure", "y").Xattr("d/a", "trusted.overlay.origin", origin),
            new DiskLayer().File("d/b"));
        AssertOwnNumber(overlay);
    }

    /// <summary>
    /// Random handles of every type and length behind a header that is right: at worst the number of another file, never a throw.
    /// </summary>
    [Test]
    public void Lookup_RandomOrigins_NeverThrow()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("d/a", "mine").Xattr("d", "trusted.overlay.impure", "y"),
            new DiskLayer().File("d/b"));
        var random = new Random(1);
        byte[] uuid = overlay.FileSystem.View.Layers.Lowers[0].Uuid;
        for (int i = 0; i < 2000; i++)
        {
            byte[] origin = new byte[21 + random.Next(0, 235)];
            random.NextBytes(origin);
            (origin[0], origin[1], origin[2], origin[3]) = (0, 0xFB, (byte)origin.Length, 0);
            uuid.CopyTo(origin, 5);
            Set("upper/d/a", "trusted.overlay.origin", origin);
            overlay.ForgetAll();
            AssertOwnNumber(overlay);
        }
    }

    /// <summary>What is refused is refused alone: its parent is listed with it, and says the same numbers of the others.</summary>
    [TestCase("0x2F", Errno.EINVAL)]
    [TestCase("/a/", Errno.EINVAL)]
    [TestCase("a/b", Errno.EINVAL)]
    [TestCase("/../outside", Errno.EACCES)]
    [TestCase("..", Errno.EACCES)]
    [TestCase(".", Errno.EACCES)]
    public void List_MergedDirectoryWithARefusedRedirect_RefusedAlone(string redirect, Errno error)
    {
        OverlayUnderTest overlay = OpenUpper(
            new DiskLayer().Dir("d").Xattr("d", "trusted.overlay.redirect", redirect).File("beside"),
            new DiskLayer().File("d/file").File("below"));
        Assert.That(overlay.Entries("").Select(entry => entry.Name), Is.EquivalentTo(new[] { "d", "beside", "below" }));
        Assert.That(overlay.Entries("", plus: true).Select(entry => entry.Name), Is.EquivalentTo(new[] { "d", "beside", "below" }));
        Assert.That(overlay.TryNode("d", out _), Is.EqualTo(error));
        Assert.That(overlay.TryNode("beside", out _), Is.EqualTo(Errno.None));
    }

    /// <summary>A path in a data-only layer may not climb out of it, and nothing but a regular file is opened there.</summary>
    [TestCase("/../outside/secret")]
    [TestCase("/./../outside/secret")]
    [TestCase("/fifo")]
    [TestCase("/directory")]
    public void Read_DataOfAMetacopyElsewhere_NotFound(string redirect)
    {
        LayerBuilder.Build(new DiskLayer().Fifo("fifo").Dir("directory"), Sandbox.PathOf("data"));
        OverlayUnderTest overlay = OpenOver(null, options => options with { DataDirs = [Sandbox.PathOf("data")] },
            new DiskLayer().File("file", "").Xattr("file", "trusted.overlay.metacopy", "")
                .Xattr("file", "trusted.overlay.redirect", redirect));
        Assert.That(() => overlay.Read("file"), Throws.InstanceOf<IOException>().With.Message.Contain(nameof(Errno.ENOENT)));
    }

    /// <summary>The handle of a file that is in no layer: its number may be shown, it is not opened.</summary>
    [Test]
    public void Lookup_OriginOfAFileOutside_ReadsTheUpperStill()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("d/a", "mine").Xattr("d", "trusted.overlay.impure", "y"),
            new DiskLayer().File("d/b"));
        byte[] handle = new byte[128];
        Assert.That(Sys.NameToHandleAt(Fd.WorkingDirectory, Linux.Name.From(_outside + "/secret"), handle, out int type, out int length),
            Is.EqualTo(Errno.None));
        Set("upper/d/a", "trusted.overlay.origin",
            [0, 0xFB, (byte)(21 + length), 0, (byte)type, .. overlay.FileSystem.View.Layers.Lowers[0].Uuid, .. handle[..length]]);
        Assert.That((overlay.Read("d/a"), overlay.Write("d/a", "MINE")), Is.EqualTo(("mine", Errno.None)));
        Assert.That(File.ReadAllText(_outside + "/secret"), Is.EqualTo("secret"));
    }

    /// <summary>A directory that becomes a link out of the layer while it is in use.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void AnyOperation_DirectoryReplacedByALinkOutside_DoesNotFollowIt(bool upper)
    {
        DiskLayer layer = new DiskLayer().File("d/e/secret", "own");
        OverlayUnderTest overlay = upper ? OpenUpper(layer, new DiskLayer()) : Open(layer);
        NodeId directory = overlay.Node("d/e");
        string place = upper ? overlay.Upper("d/e") : overlay.Lower(0, "d/e");
        System.IO.Directory.Move(place, place + ".away");
        File.CreateSymbolicLink(place, _outside);
        Errno looked = overlay.Lookup(directory, Linux.Name.From("secret"), out _);
        Errno made = overlay.FileSystem.MkDir(overlay.Request(Opcode.MkDir, directory), new MkDirIn { Mode = 0x1C0 },
            Linux.Name.From("new"), out _);
        Assert.That((looked, made), Is.EqualTo((Errno.ESTALE, Errno.ESTALE)));
        Assert.That(System.IO.Directory.EnumerateFileSystemEntries(_outside).Select(path => Path.GetFileName(path)),
            Is.EqualTo(new[] { "secret" }));
    }

    /// <summary>Opening a FIFO would wait for a writer for ever, and a link would be followed out of the layer.</summary>
    [TestCase("fifo", "none")]
    [TestCase("link", "none")]
    [TestCase("fifo", "open")]
    [TestCase("link", "open")]
    public void Open_FileReplacedByAFifoOrALink_EndsAndReadsNothingOfIt(string what, string state)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("a", "own"));
        NodeId node = overlay.Node("a");
        if (state == "open")
            Assert.That(overlay.Open(node, OpenFlags.ReadOnly, out _), Is.EqualTo(Errno.None));
        File.Delete(overlay.Lower(0, "a"));
        if (what == "fifo")
            Tool.Run("mkfifo", overlay.Lower(0, "a"));
        else
            File.CreateSymbolicLink(overlay.Lower(0, "a"), _outside + "/secret");
        Errno read = overlay.Open(node, OpenFlags.ReadOnly, out HandleId handle);
        if (read == Errno.None)
            AssertReads(overlay, node, handle, state == "open" ? "own" : "");
        Errno write = overlay.Open(node, OpenFlags.WriteOnly, out _); // copies up what is there now
        for (int opens = (state == "open" ? 1 : 0) + (read == Errno.None ? 1 : 0) + (write == Errno.None ? 1 : 0); opens > 0; opens--)
            Assert.That(overlay.Release(node), Is.EqualTo(Errno.None));
        Assert.That(File.ReadAllText(_outside + "/secret"), Is.EqualTo("secret"));
    }

    [Test]
    public void Lookup_LoopsOfSymbolicLinks_AreLinks()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().Symlink("loop", "loop").Symlink("up", "../../../../etc"),
            new DiskLayer().Dir("loop").File("up/x"));
        Assert.That((overlay.ReadLink("loop"), overlay.ReadLink("up")), Is.EqualTo(("loop", "../../../../etc")));
    }

    private static void AssertOwnNumber(OverlayUnderTest overlay)
    {
        Mono.Unix.Native.Syscall.lstat(overlay.Upper("d/a"), out Mono.Unix.Native.Stat stat);
        Assert.That((overlay.Stat("d/a").Ino, overlay.Read("d/a")), Is.EqualTo((stat.st_ino, "mine")));
    }

    /// <summary>READ may fail (of a FIFO with ESPIPE).</summary>
    private static void AssertReads(OverlayUnderTest overlay, NodeId node, HandleId handle, string expected)
    {
        byte[] data = new byte[100];
        _ = overlay.ReadAt(node, handle, 0, data, out int count);
        Assert.That(System.Text.Encoding.ASCII.GetString(data, 0, count), Is.EqualTo(expected));
    }

    private void Set(string path, string name, byte[] value) =>
        Tool.Check(Mono.Unix.Native.Syscall.lsetxattr(Sandbox.PathOf(path), name, value, (ulong)value.Length, 0), "lsetxattr");
}
