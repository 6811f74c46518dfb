using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>What creation, removal and renaming leave in the upper layer.</summary>
public sealed class OnDiskTests : OverlayTest
{
    private static DiskLayer Lower => new DiskLayer().File("file", "lower").File("d/below").Dir("empty").Symlink("link", "file");

    [TestCase("file")]
    [TestCase("link")]
    public void Unlink_LowerFile_LeavesAWhiteoutAndCopiesNothing(string name)
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That(overlay.Unlink(name), Is.EqualTo(Errno.None));
        Assert.That(Upper(overlay).Entries.Keys, Is.EquivalentTo(new[] { "", name }));
        Assert.That(Upper(overlay)[name].IsWhiteout);
    }

    [Test]
    public void RmDir_LowerDirectory_LeavesAWhiteout()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That((overlay.RmDir("d"), overlay.RmDir("empty")), Is.EqualTo((Errno.ENOTEMPTY, Errno.None)));
        Assert.That(Upper(overlay)["empty"].IsWhiteout);
        Assert.That(Upper(overlay).Has("d"), Is.False);
    }

    [Test]
    public void RmDir_MergedDirectoryOfWhiteoutsOnly_LeavesOneWhiteout()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That((overlay.Unlink("d/below"), overlay.RmDir("d")), Is.EqualTo((Errno.None, Errno.None)));
        Assert.That(Upper(overlay)["d"].IsWhiteout);
    }

    [Test]
    public void Remove_UpperOnly_LeavesNothing()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().File("mine").Dir("mine too"), Lower);
        Assert.That((overlay.Unlink("mine"), overlay.RmDir("mine too")), Is.EqualTo((Errno.None, Errno.None)));
        Assert.That(Upper(overlay).Entries.Keys, Is.EquivalentTo(new[] { "" }));
    }

    [TestCase("empty", true)]
    [TestCase("new", false)]
    public void MkDir_OverAWhiteoutOrNothing_IsOpaqueOnlyThere(string name, bool opaque)
    {
        OverlayUnderTest overlay = Open(Lower);
        if (opaque)
            Assert.That(overlay.RmDir(name), Is.EqualTo(Errno.None));
        Assert.That(overlay.MkDir(name, 0x1E8), Is.EqualTo(Errno.None));
        Assert.That((Upper(overlay)[name].IsOpaque, Upper(overlay)[name].Permissions), Is.EqualTo((opaque, 0x1E8u)));
    }

    [Test]
    public void Create_OverAWhiteout_IsAPlainFileOfTheCallers()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That(overlay.Unlink("file"), Is.EqualTo(Errno.None));
        overlay.Caller = new Caller(1234, 5678, 1);
        Assert.That(overlay.Create("file", "new", 0x1A0), Is.EqualTo(Errno.None));
        TreeEntry entry = Upper(overlay)["file"];
        Assert.That((entry.Type, entry["owner"], entry.Permissions, entry.Links), Is.EqualTo(("file", "1234:5678", 0x1A0u, 1ul)));
    }

    [Test]
    public void MkNod_Whiteout_IsEPerm()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That(overlay.MkNod("mine", (uint)FileType.CharacterDevice | 0x180), Is.EqualTo(Errno.EPERM));
    }

    [Test]
    public void Rename_LowerFile_LeavesAWhiteoutAndACopyWithItsOrigin()
    {
        OverlayUnderTest overlay = Open(Lower);
        ulong ino = overlay.Stat("file").Ino;
        Assert.That(overlay.Rename("file", "empty/moved"), Is.EqualTo(Errno.None));
        TreeSnapshot upper = Upper(overlay);
        Assert.That((upper["file"].IsWhiteout, upper["empty"].Xattr("trusted.overlay.impure")), Is.EqualTo((true, "y")));
        Assert.That(upper["empty/moved"].Xattr("trusted.overlay.origin"), Is.Not.Null);
        Assert.That(overlay.Stat("empty/moved").Ino, Is.EqualTo(ino));
    }

    [Test]
    public void Rename_LowerDirectory_IsEXDevAndWritesNothing()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That(overlay.Rename("d", "e"), Is.EqualTo(Errno.EXDEV));
        Assert.That(Upper(overlay).Entries.Keys, Is.EquivalentTo(new[] { "" }));
    }

    [Test]
    public void Rename_NewDirectoryIntoAMergedOne_IsOpaque()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That((overlay.MkDir("new"), overlay.Rename("new", "d/new")), Is.EqualTo((Errno.None, Errno.None)));
        Assert.That(Upper(overlay)["d/new"].IsOpaque);
    }

    [Test]
    public void TmpFile_NeverLinked_LeavesNothing()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That(overlay.TmpFile("", 0x180, out NodeId node, out HandleId handle), Is.EqualTo(Errno.None));
        Assert.That((overlay.Stat(node).Nlink, overlay.Release(node, handle)), Is.EqualTo((0u, Errno.None)));
        Assert.That(Upper(overlay).Entries.Keys, Is.EquivalentTo(new[] { "" }));
    }

    /// <summary>A user's names of our private namespace are stored with one more "overlay.".</summary>
    [Test]
    public void SetXattr_PrivateName_IsEscapedOnDiskAndReadBack()
    {
        OverlayUnderTest overlay = Open(Lower);
        Assert.That(overlay.SetXattr("file", "trusted.overlay.opaque", "y"), Is.EqualTo(Errno.None));
        Assert.That(Upper(overlay)["file"].Xattr("trusted.overlay.overlay.opaque"), Is.EqualTo("y"));
        Assert.That(overlay.ListXattr("file"), Is.EqualTo(new[] { "trusted.overlay.opaque" }));
        Assert.That((overlay.GetXattr("file", "trusted.overlay.opaque", out byte[] value), value),
            Is.EqualTo((Errno.None, "y"u8.ToArray())));
        Assert.That(overlay.GetXattr("file", "trusted.overlay.origin", out _), Is.EqualTo(Errno.ENODATA));
        Assert.That(overlay.RemoveXattr("file", "trusted.overlay.opaque"), Is.EqualTo(Errno.None));
        Assert.That(Upper(overlay)["file"].Xattr("trusted.overlay.overlay.opaque"), Is.Null);
    }

    private static TreeSnapshot Upper(OverlayUnderTest overlay) => TreeSnapshot.Take(overlay.Upper(), TreeView.OnDisk);
}
