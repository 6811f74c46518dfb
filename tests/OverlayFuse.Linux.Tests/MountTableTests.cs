using OverlayFuse.Linux.Tests.Support;

namespace OverlayFuse.Linux.Tests;

/// <summary>mountinfo, as the kernel writes it and as this machine has it.</summary>
internal sealed class MountTableTests : DiskTest
{
    private const string Plain = "20 1 8:1 / / rw,noatime shared:1 master:2 - ext4 /dev/a rw,errors=remount-ro";

    [Test]
    public void Parse_LineWithTags_HasEveryField()
    {
        MountEntry entry = MountTable.Parse([Plain]).Entries.Single();
        Assert.That((entry.Id, entry.Device, entry.Root, entry.MountPoint, entry.Type, entry.Source),
            Is.EqualTo((20, "8:1", "/", "/", "ext4", "/dev/a")));
        Assert.That(entry.Options, Is.EqualTo(new[] { "rw", "noatime", "rw", "errors=remount-ro" }));
        Assert.That((entry.Option("errors"), entry.Option("error"), entry.IsReadOnly), Is.EqualTo(("remount-ro", (string?)null, false)));
    }

    [TestCase("20 1 8:1 / / ro - ext4 /dev/a rw")]
    [TestCase("20 1 8:1 / / rw shared:3 - ext4 /dev/a ro")]
    public void IsReadOnly_MountOrSuperblock_IsTrue(string line) =>
        Assert.That(MountTable.Parse([line]).Entries.Single().IsReadOnly);

    [Test]
    public void Parse_EscapedFields_AreThePlainOnes()
    {
        MountEntry entry = MountTable.Parse([@"20 1 0:9 /r\040t /a\011\012\134040\043 rw - fuse.x s\040c rw,upperdir=/u\040p"])
            .Entries.Single();
        Assert.That((entry.Root, entry.MountPoint, entry.Source, entry.Option("upperdir")),
            Is.EqualTo(("/r t", "/a\t\n\\040#", "s c", "/u p")));
    }

    [TestCase("")]
    [TestCase("20 1 8:1 / / rw")]
    [TestCase("20 1 8:1 / / rw - ext4")]
    [TestCase("x 1 8:1 / / rw - ext4 /dev/a rw")]
    public void Parse_AnyOtherLine_IsLeftOut(string line) =>
        Assert.That(MountTable.Parse([line, Plain]).Entries.Select(entry => entry.Id), Is.EqualTo(new[] { 20 }));

    /// <summary>The oracle is the kernel: it takes the path at mount(2) and escapes it in mountinfo.</summary>
    [Test]
    public void Read_MountsOverEachOtherAtAnOddPath_FindsTheLatest()
    {
        string path = Sandbox.MakeDirectory("a b\tc\\d\ne#é");
        Mount("below", path);
        Mount("on top", path);
        Assert.That(MountTable.Read(out MountTable mounts), Is.EqualTo(Errno.None));
        Assert.That(Sys.StatxAt(Fd.WorkingDirectory, Name.From(path), out Statx stat, StatxMask.MountId), Is.EqualTo(Errno.None));
        MountEntry? top = mounts.OnTopAt(path);
        Assert.That((top?.Source, top?.Id), Is.EqualTo(("on top", (int)stat.MountId)));
        Assert.That(mounts.OfDevice($"{stat.DevMajor}:{stat.DevMinor}")?.MountPoint, Is.EqualTo(path));
        Assert.That(mounts.Find((int)stat.MountId)?.MountPoint, Is.EqualTo(path));
        Assert.That(mounts.OnTopAt(path + "/none"), Is.Null);
    }

    [Test]
    public void ReadOf_ThisProcess_IsItsOwn()
    {
        Assert.That(MountTable.ReadOf((uint)Environment.ProcessId, out MountTable theirs), Is.EqualTo(Errno.None));
        Assert.That(MountTable.Read(out MountTable ours), Is.EqualTo(Errno.None));
        Assert.That(theirs.Entries.Select(entry => entry.Id), Is.EqualTo(ours.Entries.Select(entry => entry.Id)));
    }

    [Test]
    public void ReadOf_NoSuchProcess_IsENoEntAndEmpty() =>
        Assert.That((MountTable.ReadOf(uint.MaxValue, out MountTable mounts), mounts.Entries.Count), Is.EqualTo((Errno.ENOENT, 0)));

    private static void Mount(string source, string path) => Assert.That(
        Sys.Mount(Name.From(source), Name.From(path), Name.From("tmpfs"), 0, Name.From("mode=700")), Is.EqualTo(Errno.None));
}
