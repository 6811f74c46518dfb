using OverlayFuse.Linux.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests;

/// <summary>Making, linking, renaming and removing names.</summary>
internal sealed class NamesTests : DiskTest
{
    private static Name A => Name.From("a");

    private static Name B => Name.From("b");

    [Test]
    public void MkDirAt_ModeWithSticky_IsMadeSo()
    {
        uint before = Sys.UMask(0);
        Errno error = Sys.MkDirAt(Root, A, 0x3C1);
        Sys.UMask(before);
        Assert.That(error, Is.EqualTo(Errno.None));
        Assert.That((uint)Stat("a").st_mode & 0xFFF, Is.EqualTo(0x3C1));
        Assert.That(Sys.MkDirAt(Root, A, 0x1C0), Is.EqualTo(Errno.EEXIST));
    }

    [TestCase(1)]
    [TestCase(4095)]
    public void SymLinkAt_TargetOfUpTo4095Bytes_IsReadBackWhole(int length)
    {
        Assert.That(Sys.SymLinkAt(Name.From(new string('t', length)), Root, A), Is.EqualTo(Errno.None));
        byte[] target = new byte[4096];
        Assert.That((Sys.ReadLinkAt(Root, A, target, out int read), read), Is.EqualTo((Errno.None, length)));
        Assert.That(File.ResolveLinkTarget(At("a"), false)!.Name, Is.EqualTo(new string('t', length)));
    }

    [Test]
    public void SymLinkAt_TargetOf4096Bytes_IsENameTooLong() =>
        Assert.That(Sys.SymLinkAt(Name.From(new string('t', 4096)), Root, A), Is.EqualTo(Errno.ENAMETOOLONG));

    [Test]
    public void ReadLinkAt_ShortBufferOrNoLink_IsCutOrEInval()
    {
        File.CreateSymbolicLink(At("a"), "a long target");
        Write("b");
        byte[] target = new byte[6];
        Assert.That((Sys.ReadLinkAt(Root, A, target, out int length), length), Is.EqualTo((Errno.None, 6)));
        Assert.That(target, Is.EqualTo("a long"u8.ToArray()));
        Assert.That((Sys.ReadLinkAt(Root, B, target, out length), length), Is.EqualTo((Errno.EINVAL, 0)));
    }

    [Test]
    public void LinkAt_SymbolicLink_IsLinkedItself()
    {
        File.CreateSymbolicLink(At("a"), "nowhere");
        Assert.That(Sys.LinkAt(Root, A, Root, B), Is.EqualTo(Errno.None));
        Assert.That((Stat("b").st_ino, Stat("b").st_nlink), Is.EqualTo((Stat("a").st_ino, 2ul)));
    }

    [Test]
    public void LinkFd_TmpFile_GetsAName()
    {
        using (var file = new ScopedFd(Open(".", OpenFlags.TmpFile | OpenFlags.WriteOnly)))
        {
            Assert.That(Sys.PWrite(file, "content"u8, 0, out _), Is.EqualTo(Errno.None));
            Assert.That(Sys.LinkFd(file, Root, A), Is.EqualTo(Errno.None));
            Assert.That(Sys.LinkFd(file, Root, A), Is.EqualTo(Errno.EEXIST));
        }
        Assert.That(File.ReadAllText(At("a")), Is.EqualTo("content"));
    }

    /// <summary>An inode of which another name is left is linked by its O_PATH descriptor; one without any is gone (may_linkat).</summary>
    [TestCase(true, Errno.None)]
    [TestCase(false, Errno.ENOENT)]
    public void LinkFd_OpenedByPathAndUnlinked_NeedsAnotherLink(bool another, Errno expected)
    {
        Write("a");
        if (another)
            Assert.That(Sys.LinkAt(Root, A, Root, B), Is.EqualTo(Errno.None));
        using var path = new ScopedFd(Open("a", OpenFlags.Path | OpenFlags.NoFollow));
        File.Delete(At("a"));
        Assert.That(Sys.LinkFd(path, Root, Name.From("c")), Is.EqualTo(expected));
    }

    [Test]
    public void UnlinkAt_FileDirectoryAndNothing_AreToldApart()
    {
        Write("a");
        Directory.CreateDirectory(At("b/full"));
        Assert.Multiple(() =>
        {
            Assert.That(Sys.RmDirAt(Root, A), Is.EqualTo(Errno.ENOTDIR));
            Assert.That(Sys.UnlinkAt(Root, A), Is.EqualTo(Errno.None));
            Assert.That(Sys.UnlinkAt(Root, A), Is.EqualTo(Errno.ENOENT));
            Assert.That(Sys.UnlinkAt(Root, B), Is.EqualTo(Errno.EISDIR));
            Assert.That(Sys.RmDirAt(Root, B), Is.EqualTo(Errno.ENOTEMPTY));
            Assert.That(Sys.RmDirAt(Root, Name.From("b/full")), Is.EqualTo(Errno.None));
            Assert.That(Sys.RmDirAt(Root, B), Is.EqualTo(Errno.None));
        });
    }

    [Test]
    public void UnlinkAt_SymbolicLink_RemovesTheLinkOnly()
    {
        Write("a");
        File.CreateSymbolicLink(At("b"), "a");
        Assert.That(Sys.UnlinkAt(Root, B), Is.EqualTo(Errno.None));
        Assert.That(DirectoryReader.Read(Sandbox.Root).Select(entry => entry.d_name), Is.EqualTo(new[] { "a" }));
    }

    [TestCase(RenameFlags.None, Errno.None, "-", "A")]
    [TestCase(RenameFlags.NoReplace, Errno.EEXIST, "A", "B")]
    [TestCase(RenameFlags.Exchange, Errno.None, "B", "A")]
    [TestCase(RenameFlags.Whiteout, Errno.None, "0:0", "A")]
    [TestCase(RenameFlags.NoReplace | RenameFlags.Exchange, Errno.EINVAL, "A", "B")]
    public void RenameAt_OverAFile_DoesAsTheFlagsSay(RenameFlags flags, Errno expected, string a, string b)
    {
        Write("a", "A");
        Write("b", "B");
        Assert.That(Sys.RenameAt(Root, A, Root, B, flags), Is.EqualTo(expected));
        Assert.That((Shown("a"), Shown("b")), Is.EqualTo((a, b)));
    }

    [Test]
    public void RenameAt_OverADirectoryThatHoldsSomething_IsENotEmpty()
    {
        Directory.CreateDirectory(At("a"));
        Directory.CreateDirectory(At("b/full"));
        Assert.That(Sys.RenameAt(Root, A, Root, B), Is.EqualTo(Errno.ENOTEMPTY));
        Assert.That(Sys.RenameAt(Root, B, Root, Name.From("b/full/below")), Is.EqualTo(Errno.EINVAL));
    }

    private string Shown(string name)
    {
        if (!Path.Exists(At(name)))
            return "-";
        Assert.That(Sys.StatxAt(Root, Name.From(name), out Statx stat), Is.EqualTo(Errno.None));
        return stat.IsWhiteout ? "0:0" : File.ReadAllText(At(name));
    }
}
