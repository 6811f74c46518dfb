using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Listing;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.Tests.Support;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.Tests;

/// <summary>The small parts, alone.</summary>
internal sealed class UnitTests
{
    [Test]
    public void InoMapper_SeveralFileSystems_NeverGivesOneNumberTwice()
    {
        var inos = new InoMapper();
        ulong[] numbers = [1, 2, (1ul << 56) - 1, 1ul << 56, ulong.MaxValue];
        ulong[] mapped = [.. Enumerable.Range(1, 300).SelectMany(dev => numbers.Select(ino => inos.Map((ulong)dev, ino)))];
        Assert.That(mapped, Is.Unique.And.None.Zero);
        Assert.That(Enumerable.Range(1, 300).SelectMany(dev => numbers.Select(ino => inos.Map((ulong)dev, ino))), Is.EqualTo(mapped),
            "again");
        Assert.That(inos.Map(1, 77), Is.EqualTo(77), "the first file system's stay as they are");
    }

    [Test]
    public void InoMapper_Short_NeverGivesOneNumberTwiceNorALongOne()
    {
        var inos = new InoMapper(isShort: true);
        ulong[] numbers = [1, 2, (1ul << 31) - 1, 1ul << 31, 1ul << 32, 1ul << 56, ulong.MaxValue];
        ulong[] mapped = [.. Enumerable.Range(1, 300).SelectMany(dev => numbers.Select(ino => inos.Map((ulong)dev, ino)))];
        Assert.That(mapped, Is.Unique.And.None.Zero.And.All.LessThan(1ul << 32));
        Assert.That(Enumerable.Range(1, 300).SelectMany(dev => numbers.Select(ino => inos.Map((ulong)dev, ino))), Is.EqualTo(mapped),
            "again");
        Assert.That(inos.Map(1, 77), Is.EqualTo(77), "the first file system's short ones stay as they are");
    }

    [Test]
    public void InoMapper_AskedByThreadsAtOnce_GivesEachTheSame()
    {
        var inos = new InoMapper();
        ulong[][] answers = new ulong[4][];
        Parallel.For(0, 4,
            k => answers[k] = [.. Enumerable.Range(0, 2000).Select(i => inos.Map((ulong)(i % 7) + 1, (ulong)i << (i % 2 == 0 ? 0 : 50)))]);
        Assert.That(answers.All(answer => answer.SequenceEqual(answers[0])));
    }

    [TestCase("user.x", "user.x")]
    [TestCase("trusted.overlay.opaque", "trusted.overlay.overlay.opaque")]
    [TestCase("trusted.overlay.overlay.opaque", "trusted.overlay.overlay.overlay.opaque")]
    [TestCase("trusted.overlayx", "trusted.overlayx")]
    [TestCase("user.overlay.opaque", "user.overlay.opaque")]
    public void OverlayXattr_NameOfAUser_IsEscapedAndBack(string name, string stored)
    {
        var xattrs = new OverlayXattr(user: false);
        Assert.That(xattrs.ToStored(Linux.Name.From(name), new byte[280], out Name onDisk), Is.EqualTo(Errno.None));
        Assert.That(onDisk.ToString(), Is.EqualTo(stored));
        byte[] list = System.Text.Encoding.ASCII.GetBytes($"{stored}\0trusted.overlay.origin\0user.last\0");
        Assert.That(System.Text.Encoding.ASCII.GetString(list, 0, xattrs.FilterList(list, trusted: true)),
            Is.EqualTo($"{name}\0user.last\0"));
    }

    [Test]
    public void OverlayXattr_PrefixAlone_IsInvalid() => Assert.That(
        new OverlayXattr(user: false).ToStored(Linux.Name.From("trusted.overlay."), new byte[280], out _), Is.EqualTo(Errno.EINVAL));

    [TestCase(247, Errno.None)]
    [TestCase(248, Errno.ERANGE)]
    [TestCase(255, Errno.ERANGE)]
    public void OverlayXattr_NameThatGetsTooLong_IsERange(int length, Errno expected) => Assert.That(
        new OverlayXattr(false).ToStored(Linux.Name.From("trusted.overlay.".PadRight(length, 'x')), new byte[280], out _),
        Is.EqualTo(expected));

    [TestCase(true, "trusted.x\0user.x\0")]
    [TestCase(false, "user.x\0")]
    public void OverlayXattr_TrustedNames_AreForThoseWhoMaySeeThem(bool trusted, string expected)
    {
        byte[] list = "trusted.x\0trusted.overlay.opaque\0user.x\0"u8.ToArray();
        Assert.That(System.Text.Encoding.ASCII.GetString(list, 0, new OverlayXattr(false).FilterList(list, trusted)), Is.EqualTo(expected));
    }

    [Test]
    public void DirectoryListing_ThousandsOfNames_FindsEachAndNoOther()
    {
        using var listing = new DirectoryListing();
        for (int i = 0; i < 5000; i++)
            listing.Add(new DirectoryEntry
            {
                Ino = (ulong)i, Type = i % 3 == 0 ? FileType.Unknown : FileType.Regular, Slot = i % 4,
                Name = Linux.Name.From("name " + i)
            }, findable: true);
        for (int i = 0; i < 5000; i++)
            Assert.That(listing.Read(listing.Find(Linux.Name.From("name " + i))).Ino, Is.EqualTo((ulong)i));
        Assert.That((listing.Count, listing.Find(Linux.Name.From("name 5000"))), Is.EqualTo((3333, -1)));
    }

    /// <summary>Among so many names some have one hash.</summary>
    [Test]
    public void DirectoryListing_HundredsOfThousandsOfNames_HasOneCookieForEach()
    {
        const int Names = 400_000;
        using var listing = new DirectoryListing();
        using var backwards = new DirectoryListing();
        for (int i = 0; i < Names; i++)
        {
            listing.Add(EntryOf(i), findable: false);
            backwards.Add(EntryOf(Names - 1 - i), findable: false);
        }
        listing.Arrange();
        backwards.Arrange();
        int neighbours = 0;
        for (int i = 0; i < Names; i++)
        {
            uint cookie = listing.CookieOf(i);
            bool isRight = listing.PositionAfter(cookie) == i + 1 && listing.PositionAfter(cookie - 1) == i
                && backwards.CookieOf(i) == cookie && backwards[i].Ino == listing[i].Ino;
            if (!isRight)
                Assert.Fail($"name {i} has cookie {cookie}");
            if (i > 0 && listing.CookieOf(i - 1) + 1 == cookie)
                neighbours++;
        }
        Assert.That(neighbours, Is.GreaterThan(0), "names with the same hash, or with neighbouring ones, were tried");

        static DirectoryEntry EntryOf(int i) =>
            new() { Ino = (ulong)i, Type = FileType.Regular, Slot = 0, Name = Linux.Name.From("name " + i) };
    }
}

/// <summary>Those of the small parts that need layers.</summary>
public sealed class PartTests : OverlayTest
{
    [Test]
    public void DirectoryCache_MoreDirectoriesThanItsBound_KeepsNoMore()
    {
        OverlayUnderTest overlay = Open(Enumerable.Range(0, 100).Aggregate(new DiskLayer(), (layer, i) => layer.File($"d{i}/file")));
        var cache = new DirectoryCache(overlay.FileSystem.View.Layers, 10);
        int before = Descriptors.Count();
        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < 100; i++)
            {
                Inode directory = overlay.InodeOf("d" + i);
                Assert.That(cache.BorrowLower(directory, out BorrowedFd borrowed), Is.EqualTo(Errno.None));
                using (borrowed)
                    Assert.That(Sys.StatxAt(borrowed, Linux.Name.From("file"), out _), Is.EqualTo(Errno.None));
            }
        }
        Assert.That(Descriptors.Count() - before, Is.EqualTo(10));
    }

    [Test]
    public void WorkEntry_NotCommitted_RemovesItselfWithAllBelow()
    {
        OverlayUnderTest overlay = Open(new DiskLayer());
        using WorkDirectory work = OpenWork();
        string[] Names() =>
            [.. System.IO.Directory.EnumerateFileSystemEntries(Sandbox.PathOf("other", "work")).Select(path => Path.GetFileName(path))];
        using (var entry = new WorkEntry(work))
        {
            Assert.That(Sys.MkDirAt(entry.Directory, entry.Name, 0), Is.EqualTo(Errno.None));
            Assert.That(Sys.MkDirAt(entry.Directory, Linux.Name.From(entry.Name.ToString() + "/below"), 0x1C0), Is.EqualTo(Errno.None));
            Assert.That(Names(), Has.Length.EqualTo(1));
        }
        Assert.That(Names(), Is.Empty);
        var moved = new WorkEntry(work);
        Assert.That(Sys.MkDirAt(moved.Directory, moved.Name, 0), Is.EqualTo(Errno.None));
        Assert.That(moved.MoveTo(work.Fd, Linux.Name.From("committed")), Is.EqualTo(Errno.None));
        moved.Dispose();
        Assert.That(Names(), Is.EqualTo(new[] { "committed" }));
        Assert.That(overlay.List(), Is.Empty);
    }

    private WorkDirectory OpenWork()
    {
        using var clones = new MountClones();
        Layer layer = Layer.Open(Sandbox.MakeDirectory("other"), readOnly: false, clones);
        WorkDirectory work = WorkDirectory.Open(layer, hasUserXattrs: false, new OverlayOptions { LowerDirs = [] });
        layer.Root.Release();
        return work;
    }
}
