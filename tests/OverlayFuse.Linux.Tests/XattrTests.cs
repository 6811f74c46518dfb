using OverlayFuse.Linux.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests;

/// <summary>Extended attributes, read back by Mono.Unix.</summary>
internal sealed class XattrTests : DiskTest
{
    private const int Largest = 64 << 10;
    private Fd _xfs;

    private static Name User => Name.From("user.test");

    /// <summary>ext4 has room for 4 KiB only; xfs takes what the VFS lets pass.</summary>
    [SetUp]
    public void MountXfs() => _xfs = OpenDirectory(Sandbox.MakeFileSystem("xfs", 320));

    [TearDown]
    public void CloseXfs() => Sys.Close(_xfs);

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(Largest)]
    public void SetXattrAt_ValueOfAnySize_IsReadBackWhole(int size)
    {
        string file = Make("file");
        byte[] value = [.. Enumerable.Range(0, size).Select(i => (byte)(i * 31 >> 3))];
        Assert.That(Sys.SetXattrAt(_xfs, Name.From("file"), User, value), Is.EqualTo(Errno.None));
        Assert.That(Xattrs.Get(file, "user.test"), Is.EqualTo(value));
        byte[] read = new byte[Largest];
        Assert.That((Sys.GetXattrAt(_xfs, Name.From("file"), User, read, out int length), length), Is.EqualTo((Errno.None, size)));
        Assert.That(read[..length], Is.EqualTo(value));
    }

    [Test]
    public void SetXattrAt_OneByteMoreThanTheLargest_IsE2Big()
    {
        Make("file");
        Assert.That(Sys.SetXattrAt(_xfs, Name.From("file"), User, new byte[Largest + 1]), Is.EqualTo(Errno.E2BIG));
    }

    [Test]
    public void GetXattrAt_ShortBuffer_IsERangeAndAnEmptyOneAsksForTheLength()
    {
        Make("file");
        Assert.That(Sys.SetXattrAt(_xfs, Name.From("file"), User, new byte[100]), Is.EqualTo(Errno.None));
        Assert.That((Sys.GetXattrAt(_xfs, Name.From("file"), User, new byte[99], out int length), length), Is.EqualTo((Errno.ERANGE, 0)));
        Assert.That((Sys.GetXattrAt(_xfs, Name.From("file"), User, default, out length), length), Is.EqualTo((Errno.None, 100)));
    }

    [Test]
    public void ListXattrAt_ShortBuffer_IsERangeAndAnEmptyOneAsksForTheLength()
    {
        string file = Make("file");
        string longest = "user." + new string('n', 250);
        foreach (string name in new[] { "user.a", longest })
            Assert.That(Sys.SetXattrAt(_xfs, Name.From("file"), Name.From(name), "x"u8), Is.EqualTo(Errno.None));
        byte[] list = new byte[1000];
        Assert.That(Sys.ListXattrAt(_xfs, Name.From("file"), list, out int length), Is.EqualTo(Errno.None));
        Assert.That(System.Text.Encoding.ASCII.GetString(list, 0, length).TrimEnd('\0').Split('\0').Order(StringComparer.Ordinal),
            Is.EqualTo(Xattrs.Names(file)));
        Assert.That((Sys.ListXattrAt(_xfs, Name.From("file"), default, out int asked), asked), Is.EqualTo((Errno.None, length)));
        Assert.That(Sys.ListXattrAt(_xfs, Name.From("file"), new byte[length - 1], out _), Is.EqualTo(Errno.ERANGE));
    }

    [TestCase(XattrFlags.Create, Errno.None, Errno.EEXIST)]
    [TestCase(XattrFlags.Replace, Errno.ENODATA, Errno.ENODATA)]
    [TestCase(XattrFlags.None, Errno.None, Errno.None)]
    public void SetXattrAt_Flags_GoToTheKernel(XattrFlags flags, Errno first, Errno second)
    {
        Make("file");
        Assert.That(Sys.SetXattrAt(_xfs, Name.From("file"), User, "1"u8, flags), Is.EqualTo(first));
        Assert.That(Sys.SetXattrAt(_xfs, Name.From("file"), User, "2"u8, flags), Is.EqualTo(second));
    }

    [Test]
    public void RemoveXattrAt_ThereAndNotThere_AreToldApart()
    {
        string file = Make("file");
        Assert.That(Sys.SetXattrAt(_xfs, Name.From("file"), User, "1"u8), Is.EqualTo(Errno.None));
        Assert.That(Sys.RemoveXattrAt(_xfs, Name.From("file"), User), Is.EqualTo(Errno.None));
        Assert.That(Xattrs.Names(file), Is.Empty);
        Assert.That(Sys.RemoveXattrAt(_xfs, Name.From("file"), User), Is.EqualTo(Errno.ENODATA));
        Assert.That(Sys.GetXattrAt(_xfs, Name.From("file"), User, default, out _), Is.EqualTo(Errno.ENODATA));
        Assert.That(Sys.GetXattrAt(_xfs, Name.From("absent"), User, default, out _), Is.EqualTo(Errno.ENOENT));
        Assert.That(Sys.GetXattrAt(_xfs, Name.From("file"), Name.From("nonsense.x"), default, out _), Is.EqualTo(Errno.EOPNOTSUPP));
    }

    [Test]
    public void AnyXattrCall_SymbolicLink_IsAboutTheLinkItself()
    {
        string file = Make("file");
        string link = Path.Combine(Path.GetDirectoryName(file)!, "link");
        File.CreateSymbolicLink(link, "file");
        Name trusted = Name.From("trusted.test");
        Assert.That(Sys.SetXattrAt(_xfs, Name.From("link"), trusted, "1"u8), Is.EqualTo(Errno.None));
        Assert.That((Xattrs.Names(file).Length, Xattrs.Names(link)), Is.EqualTo((0, new[] { "trusted.test" })));
        Assert.That(Sys.SetXattrAt(_xfs, Name.From("link"), User, "1"u8), Is.EqualTo(Errno.EPERM));
        using var path = new ScopedFd(Open(_xfs, "link", OpenFlags.Path | OpenFlags.NoFollow));
        Assert.That((Sys.GetXattrAt(path, Name.Empty, trusted, default, out int length), length), Is.EqualTo((Errno.None, 1)));
        Assert.That(Sys.RemoveXattrAt(path, Name.Empty, trusted), Is.EqualTo(Errno.None));
        Assert.That((Sys.ListXattrAt(path, Name.Empty, default, out length), length), Is.EqualTo((Errno.None, 0)));
    }

    /// <summary>The path over /proc/self/fd has room for the longest name in a directory of a high number.</summary>
    [Test]
    public void AnyXattrCall_LongestNameInAHighDescriptor_HasRoom()
    {
        string name = new('n', 255);
        string file = Make(name);
        var high = new Fd(Mono.Unix.Native.Syscall.fcntl(_xfs.Number, Mono.Unix.Native.FcntlCommand.F_DUPFD, 1000));
        using var directory = new ScopedFd(high);
        Assert.That(Sys.SetXattrAt(directory, Name.From(name), User, "1"u8), Is.EqualTo(Errno.None));
        Assert.That(Xattrs.Names(file), Is.EqualTo(new[] { "user.test" }));
    }

    private string Make(string name)
    {
        Sys.Close(Open(_xfs, name, OpenFlags.Create | OpenFlags.WriteOnly));
        return Path.Combine(Sandbox.PathOf("xfs-0"), name);
    }
}
