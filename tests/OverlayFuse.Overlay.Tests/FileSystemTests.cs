using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>Lower layers on file systems of their own, beside one on the upper's.</summary>
[TestFixture("ext4", 32)]
[TestFixture("xfs", 320)]
[TestFixture("btrfs", 128)]
public sealed class FileSystemTests(string type, int sizeMiB) : OverlayTest
{
    [Test]
    public void CopyUp_FromAnotherFileSystem_HasTheKernelsOriginAndKeepsItsNumber()
    {
        OverlayUnderTest overlay = OpenStack();
        ulong ino = overlay.Stat("d/a").Ino;
        string kernel = MountKernel();
        Assert.That(overlay.ChMod("d/a", 0x180), Is.EqualTo(Errno.None));
        Tool.Run("chmod", "600", kernel + "/d/a");
        Tool.Run("umount", kernel);
        foreach (string name in new[] { "d", "d/a" })
            Assert.That(Origin("upper", name), Is.Not.Empty.And.EqualTo(Origin("kernel upper", name)), name);
        string uuid = Tool.Run("findmnt", "-no", "UUID", Sandbox.PathOf("lower0")).Trim().Replace("-", "", StringComparison.Ordinal);
        Assert.That(Convert.ToHexString(Origin("upper", "d/a").AsSpan(5, 16)), Is.EqualTo(uuid).IgnoreCase);
        overlay.ForgetAll();
        Assert.That(overlay.Stat("d/a").Ino, Is.EqualTo(ino));
        Close(overlay);
        Assert.That(Reopen(lowers: 2).Stat("d/a").Ino, Is.EqualTo(ino), "mounted anew");
    }

    /// <summary>Two file systems number their files alike; the merged view does not, and listings say the same as GETATTR.</summary>
    [Test]
    public void Ino_OverSeveralFileSystems_IsUniqueAndTheSameInListings()
    {
        OverlayUnderTest overlay = OpenStack();
        Assert.That((overlay.Create("d/new"), overlay.ChMod("d/a", 0x180)), Is.EqualTo((Errno.None, Errno.None)));
        string[] names = overlay.List("d");
        Assert.That(names, Has.Length.EqualTo(22));
        ulong[] numbers = [.. names.Select(name => overlay.Stat("d/" + name).Ino)];
        Assert.That(numbers, Is.Unique);
        Assert.That(overlay.Entries("d").OrderBy(entry => entry.Name, StringComparer.Ordinal).Select(entry => entry.Ino),
            Is.EqualTo(numbers));
    }

    [Test]
    public void CopyUp_SparseFile_KeepsItsHoles()
    {
        OverlayUnderTest overlay = OpenStack();
        Assert.That(overlay.Write("sparse", "x"), Is.EqualTo(Errno.None));
        Assert.That(TreeSnapshot.Take(overlay.Upper(), TreeView.OnDisk)["sparse"]["data"], Is.EqualTo("0-65536 1048576-1114112"));
    }

    private OverlayUnderTest OpenStack()
    {
        Tool.Run("mount", "--bind", Sandbox.MakeFileSystem(type, sizeMiB), Sandbox.MakeDirectory("lower0"));
        var mine = new DiskLayer().Sparse("sparse", 4 << 20, [.. Blocks(0), .. Blocks(1 << 20)]).File("d/a", "content");
        var shared = new DiskLayer();
        for (int i = 0; i < 10; i++)
            (_, _) = (mine.File("d/mine" + i), shared.File("d/shared" + i));
        return Open(mine, shared);
    }

    private static IEnumerable<long> Blocks(long from) => Enumerable.Range(0, 16).Select(block => from + 4096L * block);

    private byte[] Origin(string layer, string name) => Xattrs.Get(Sandbox.PathOf(layer, name), "trusted.overlay.origin") ?? [];

    private string MountKernel()
    {
        string merged = Sandbox.MakeDirectory("kernel merged");
        string lowers = Sandbox.PathOf("lower0") + ":" + Sandbox.PathOf("lower1");
        Tool.Run("mount", "-t", "overlay", "overlay", "-o",
            $"lowerdir={lowers},upperdir={Sandbox.MakeDirectory("kernel upper")},"
                + $"workdir={Sandbox.MakeDirectory("kernel work")},index=off,redirect_dir=off,metacopy=off", merged);
        return merged;
    }
}
