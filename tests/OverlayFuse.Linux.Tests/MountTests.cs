using OverlayFuse.Linux.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests;

/// <summary>Private clones of mounts, and mounting itself.</summary>
internal sealed class MountTests : DiskTest
{
    private static readonly byte[] s_file = "file\0"u8.ToArray();

    private string _layer = "";

    private static Name LayerFile => new(s_file);

    [SetUp]
    public void MakeLayer()
    {
        _layer = Sandbox.MakeDirectory("layer");
        File.WriteAllText(_layer + "/file", "content");
        Directory.CreateDirectory(_layer + "/mounted");
    }

    [Test]
    public void CloneMount_ReadOnly_CannotBeWrittenInAnyWay()
    {
        using var tree = Clone(readOnly: true);
        Fd fd = tree;
        Assert.Multiple(() =>
        {
            Assert.That(Sys.OpenAt(fd, LayerFile, OpenFlags.WriteOnly, out _), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.OpenAt(fd, Name.From("new"), OpenFlags.Create | OpenFlags.WriteOnly, out _), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.FChModAt(fd, LayerFile, 0), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.FChownAt(fd, LayerFile, 1, 1), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.UTimeNsAt(fd, LayerFile, TimeSpec.Now, TimeSpec.Now), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.UnlinkAt(fd, LayerFile), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.RenameAt(fd, LayerFile, fd, Name.From("other")), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.SetXattrAt(fd, LayerFile, Name.From("user.x"), "1"u8), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.MkDirAt(fd, Name.From("new"), 0), Is.EqualTo(Errno.EROFS));
            Assert.That(Sys.OpenAt(fd, LayerFile, OpenFlags.ReadOnly, out Fd read), Is.EqualTo(Errno.None));
            Assert.That(Sys.Reopen(read, OpenFlags.WriteOnly, out _), Is.EqualTo(Errno.EROFS));
            Sys.Close(read);
        });
    }

    /// <summary>Reading through it leaves no trace: it is noatime.</summary>
    [Test]
    public void CloneMount_ReadOnly_KeepsAccessTimes()
    {
        Files.SetTimes(_layer + "/file", 1, 2, 0);
        using var tree = Clone(readOnly: true);
        using var file = new ScopedFd(Open(tree, "file", OpenFlags.ReadOnly));
        Assert.That(Sys.PRead(file, new byte[10], 0, out _), Is.EqualTo(Errno.None));
        Assert.That(Stat("layer/file").st_atime, Is.EqualTo(1));
    }

    [Test]
    public void CloneMount_Writable_IsTheSameDirectory()
    {
        using (var tree = Clone(readOnly: false))
            Sys.Close(Open(tree, "new", OpenFlags.Create | OpenFlags.WriteOnly));
        Assert.That(File.Exists(_layer + "/new"), Is.True);
    }

    [Test]
    public void CloneMount_WithAMountBelow_DoesNotShowIt()
    {
        Name target = Name.From(_layer + "/mounted");
        Assert.That(Sys.Mount(Name.From("ovf-test"), target, Name.From("tmpfs"), 0, Name.From("mode=700")), Is.EqualTo(Errno.None));
        File.WriteAllText(_layer + "/mounted/hidden", "");
        using var tree = Clone(readOnly: true);
        Assert.That(Sys.StatxAt(tree, Name.From("mounted/hidden"), out _), Is.EqualTo(Errno.ENOENT));
        Assert.That(Sys.Unmount(target, detach: true), Is.EqualTo(Errno.None));
        Assert.That(Sys.Unmount(target, detach: true), Is.EqualTo(Errno.EINVAL));
    }

    /// <summary>It belongs to its descriptor, not to the mount namespace.</summary>
    [Test]
    public void CloneMount_AnyKind_IsNotInTheMountTable([Values] bool readOnly)
    {
        using var tree = Clone(readOnly);
        Assert.That(Sys.FStatx(Root, out Statx outside, StatxMask.MountId), Is.EqualTo(Errno.None));
        Assert.That(Sys.FStatx(tree, out Statx inside, StatxMask.MountId), Is.EqualTo(Errno.None));
        string[] ids = [.. File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[0])];
        Assert.That(ids, Has.Member($"{outside.MountId}").And.No.Member($"{inside.MountId}"));
    }

    [Test]
    public void CloneMount_NoDescriptor_IsEBadF() =>
        Assert.That((Sys.CloneMount(new Fd(99999), true, out Fd tree), tree.IsOpen), Is.EqualTo((Errno.EBADF, false)));

    /// <summary>
    /// UMOUNT_NOFOLLOW: a link in the place of a mountpoint does not lead elsewhere. MNT_DETACH: open files do not hinder.
    /// </summary>
    [Test]
    public void Unmount_LinkOrBusyMount_IsRefusedOrDetached()
    {
        Name target = Name.From(_layer + "/mounted");
        Assert.That(Sys.Mount(Name.From("ovf-test"), target, Name.From("tmpfs"), 0, Name.Empty), Is.EqualTo(Errno.None));
        File.CreateSymbolicLink(At("link"), _layer + "/mounted");
        Assert.That(Sys.Unmount(Name.From(At("link")), detach: true), Is.EqualTo(Errno.EINVAL));
        using var busy = new ScopedFd(OpenDirectory(_layer + "/mounted"));
        Assert.That(Sys.Unmount(target, detach: false), Is.EqualTo(Errno.EBUSY));
        Assert.That(Sys.Unmount(target, detach: true), Is.EqualTo(Errno.None));
    }

    [Test]
    public void Mount_UnknownType_IsENoDev() => Assert.That(
        Sys.Mount(Name.From("x"), Name.From(_layer), Name.From("no such type"), 0, Name.Empty), Is.EqualTo(Errno.ENODEV));

    private ScopedFd Clone(bool readOnly)
    {
        using var layer = new ScopedFd(OpenDirectory(_layer));
        Assert.That(Sys.CloneMount(layer, readOnly, out Fd tree), Is.EqualTo(Errno.None));
        return new ScopedFd(tree);
    }
}
