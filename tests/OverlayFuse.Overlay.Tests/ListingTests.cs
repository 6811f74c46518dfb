using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Overlay.Tests.Support;

namespace OverlayFuse.Overlay.Tests;

/// <summary>READDIR and READDIRPLUS.</summary>
public sealed class ListingTests : OverlayTest
{
    [Test]
    public void List_MergedDirectory_HasEachNameOnce([Values] bool plus)
    {
        OverlayUnderTest overlay = OpenUpper(
            new DiskLayer().File("d/1").File("d/2").Whiteout("d/5"),
            new DiskLayer().File("d/2").File("d/3").File("d/5"),
            new DiskLayer().File("d/3").File("d/4").File("d/5"));
        Assert.That(overlay.Entries("d", plus).Select(entry => entry.Name).Order(), Is.EqualTo(new[] { "1", "2", "3", "4" }));
    }

    [Test]
    public void List_EveryKindOfEntry_ShowsStatsNumberAndType([Values] bool plus)
    {
        OverlayUnderTest overlay = OpenUpper(
            new DiskLayer().File("d/upper").Dir("d/merged").Dir("d/opaque").Opaque("d/opaque").Symlink("d/link", "x"),
            new DiskLayer().File("d/lower").Dir("d/merged").Dir("d/opaque").Fifo("d/fifo").Socket("d/socket")
                .HardLink("d/lower2", "d/lower"),
            new DiskLayer().Dir("d/merged").Dir("d/bottom").DeviceNode("d/null", 'c', 1, 3).File("d/merged2/x"));
        AssertNumbersAgree(overlay, "d", plus);
    }

    [Test]
    public void List_AfterCopyUps_StillShowsStatsNumbers([Values] bool plus, [Values] bool remount)
    {
        OverlayUnderTest overlay = Open(
            new DiskLayer().File("d/a", "a").File("d/b", "b").HardLink("d/b2", "d/b").Dir("d/sub").Symlink("d/l", "x"),
            new DiskLayer().File("d/c").Dir("d/sub"));
        foreach (string name in new[] { "a", "b", "c", "sub", "l" })
            Assert.That(overlay.ChOwn("d/" + name, 7, 7), Is.EqualTo(Errno.None));
        if (remount)
        {
            Close(overlay);
            overlay = Reopen(lowers: 2);
        }
        AssertNumbersAgree(overlay, "d", plus);
    }

    [Test]
    public void List_UpperOnAnotherFileSystem_StillShowsStatsNumbers([Values] bool forgotten)
    {
        Assert.That(Libc.mount(Libc.Bytes("ovf"), Libc.Bytes(Sandbox.MakeDirectory("lower0")), Libc.Bytes("tmpfs"), Libc.MS_NOATIME,
            Libc.Bytes("mode=755")), Is.Zero);
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a").File("d/b").Dir("d/sub"));
        Assert.That((overlay.ChMod("d/a", 0x180), overlay.ChMod("d/sub", 0x1C0), overlay.Create("d/new")),
            Is.EqualTo((Errno.None, Errno.None, Errno.None)));
        if (forgotten)
            overlay.ForgetAll();
        AssertNumbersAgree(overlay, "d", plus: false);
    }

    [Test]
    public void List_AufsWhiteoutBetweenUpperAndLower_ShowsStatsNumber()
    {
        OverlayUnderTest overlay = OpenUpper(new DiskLayer().Dir("d/x"), new DiskLayer().AufsWhiteout("d/x"),
            new DiskLayer().File("d/x/below"));
        Assert.That(overlay.List("d/x"), Is.Empty);
        overlay.ForgetAll();
        AssertNumbersAgree(overlay, "d", plus: false);
    }

    [Test]
    public void List_SmallBuffer_GoesOnWhereItStopped([Values] bool plus)
    {
        DiskLayer upper = new(), lower = new();
        for (int i = 0; i < 100; i++)
            _ = (i % 2 == 0 ? upper : lower).File($"d/file-{i:d3}");
        OverlayUnderTest overlay = OpenUpper(upper, lower);
        string[] names = [.. overlay.Entries("d", plus, size: plus ? 400 : 100).Select(entry => entry.Name).Order()];
        Assert.That(names, Is.EqualTo(Enumerable.Range(0, 100).Select(i => $"file-{i:d3}")));
    }

    [Test]
    public void List_BufferTooSmallForOneEntry_IsEmptyAndTakesNoReference()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/" + new string('n', 200)));
        NodeId directory = overlay.Node("d");
        Assert.That(overlay.ReadDir(directory, 2, 300, plus: true, out List<ListedEntry> entries), Is.EqualTo(Errno.None));
        Assert.That(entries, Is.Empty);
    }

    /// <summary>A reader that comes to the end takes the kept listing away, so the second one reads anew.</summary>
    [Test]
    public void List_ChangesMeanwhile_LeaveOffsetsAlone([Values] bool isReadAnew)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a").File("d/b").File("d/c").File("d/d").File("d/e"));
        NodeId directory = overlay.Node("d");
        List<ListedEntry> before = overlay.EntriesFrom(directory, 0);
        if (!isReadAnew)
            Assert.That(overlay.ReadDir(directory, 0, 100, plus: false, out _), Is.EqualTo(Errno.None));
        Assert.That(overlay.Unlink("d/" + before[2].Name), Is.EqualTo(Errno.None));
        Assert.That(overlay.Create("d/new"), Is.EqualTo(Errno.None));
        List<ListedEntry> after = overlay.EntriesFrom(directory, before[3].Offset);
        Assert.That(after.Where(entry => entry.Name != "new").Select(entry => (entry.Name, entry.Offset)),
            Is.EqualTo(before.Skip(4).Select(entry => (entry.Name, entry.Offset))));
    }

    [Test]
    public void List_AfterTheNextMount_HasTheOffsetsOfBefore()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a").File("d/b").Dir("d/c"), new DiskLayer().File("d/b").File("d/d"));
        (string Name, ulong Offset)[] before = [.. overlay.Entries("d").Select(entry => (entry.Name, entry.Offset))];
        Close(overlay);
        overlay = Reopen(lowers: 2);
        Assert.That(overlay.Entries("d").Select(entry => (entry.Name, entry.Offset)), Is.EqualTo(before));
    }

    [Test]
    public void List_ManyNames_HasGrowingOffsetsOf31Bits()
    {
        var layer = new DiskLayer();
        for (int i = 0; i < 3000; i++)
            _ = layer.File($"d/{i}");
        ulong[] offsets = [.. Open(layer).Entries("d").Select(entry => entry.Offset)];
        Assert.That(offsets, Is.Ordered.And.Unique.And.Length.EqualTo(3000));
        Assert.That(offsets, Is.All.InRange(3UL, (ulong)int.MaxValue));
    }

    /// <summary>More readers than listings are kept, each with a directory of its own, that go on in turn.</summary>
    [Test]
    public void List_MoreReadersThanAreKept_EachSeesEachNameOnce()
    {
        const int Readers = 100;
        var layer = new DiskLayer();
        for (int i = 0; i < Readers * 10; i++)
            _ = layer.File($"d{i / 10}/{i % 10}");
        OverlayUnderTest overlay = Open(layer);
        var seen = Enumerable.Range(0, Readers).Select(i => (Node: overlay.Node($"d{i}"), Names: new List<ListedEntry>())).ToArray();
        for (int request = 0; request < 12; request++)
        {
            foreach ((NodeId node, List<ListedEntry> names) in seen)
            {
                Assert.That(overlay.ReadDir(node, names.Count == 0 ? 2 : names[^1].Offset, 40, plus: false, out List<ListedEntry> some),
                    Is.EqualTo(Errno.None));
                names.AddRange(some);
            }
        }
        Assert.That(seen.Select(reader => reader.Names.Select(entry => entry.Name).Order()),
            Is.All.EqualTo(Enumerable.Range(0, 10).Select(i => $"{i}")));
    }

    [Test]
    public void List_Rewound_ShowsWhatIsThereNow()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a"));
        NodeId directory = overlay.Node("d");
        _ = overlay.EntriesFrom(directory, 0);
        Assert.That((overlay.Unlink("d/a"), overlay.Create("d/b")), Is.EqualTo((Errno.None, Errno.None)));
        Assert.That(overlay.EntriesFrom(directory, 0).Select(entry => entry.Name), Is.EqualTo(new[] { ".", "..", "b" }));
    }

    [Test]
    public void List_RemovedSinceListed_IsLeftOutOfReadDirPlus()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("d/a").File("d/b"));
        NodeId directory = overlay.Node("d");
        Assert.That(overlay.ReadDir(directory, 0, 350, plus: true, out List<ListedEntry> dots), Is.EqualTo(Errno.None));
        Assert.That(dots.Select(entry => entry.Name), Is.EqualTo(new[] { ".", ".." }));
        Assert.That(overlay.Unlink("d/a"), Is.EqualTo(Errno.None));
        Assert.That(overlay.EntriesFrom(directory, 2, plus: true).Select(entry => entry.Name), Is.EqualTo(new[] { "b" }));
    }

    [Test]
    public void List_Dots_AreTheDirectoryAndItsParent()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().Dir("d/sub"));
        NodeId directory = overlay.Node("d/sub");
        List<ListedEntry> dots = overlay.EntriesFrom(directory, 0);
        Assert.That(dots.Select(entry => (entry.Name, entry.Ino)),
            Is.EqualTo(new[] { (".", overlay.Stat("d/sub").Ino), ("..", overlay.Stat("d").Ino) }));
    }

    [Test]
    public void List_RemovedDirectory_IsEmpty()
    {
        OverlayUnderTest overlay = Open(new DiskLayer().Dir("d"));
        NodeId directory = overlay.Node("d");
        Assert.That(overlay.RmDir("d"), Is.EqualTo(Errno.None));
        Assert.That(overlay.EntriesFrom(directory, 2), Is.Empty);
    }

    /// <summary>A file that the kernel knows comes without attributes and takes no reference, unless names were forgotten.</summary>
    [Test]
    public void ReadDirPlus_References_BalanceWithForget([Values] bool areForGood)
    {
        OverlayUnderTest overlay = Open(new DiskLayer().File("a").File("d/b").Dir("d/e"));
        if (!areForGood)
            _ = overlay.FileSystem.View.Kernel.ForgetNames();
        for (int i = 0; i < 3; i++)
            Assert.That(overlay.Entries("", plus: true), Has.Count.EqualTo(2));
        NodeId node = overlay.Node("a");
        overlay.FileSystem.Forget(node, areForGood ? 1u : 3u);
        Assert.That(overlay.FileSystem.View.Inodes[node], Is.Not.Null, "all references but one were given back");
        overlay.FileSystem.Forget(node, 1);
        Assert.That(overlay.FileSystem.View.Inodes[node], Is.Null);
    }

    private static void AssertNumbersAgree(OverlayUnderTest overlay, string path, bool plus)
    {
        List<ListedEntry> entries = overlay.Entries(path, plus);
        Assert.Multiple(() =>
        {
            Assert.That(entries, Is.Not.Empty);
            foreach (ListedEntry entry in entries)
            {
                Attr stat = overlay.Stat($"{path}/{entry.Name}");
                Assert.That((entry.Ino, (uint)entry.Type), Is.EqualTo((stat.Ino, stat.Mode & (uint)FileType.Mask)), entry.Name);
                // Known files come without attributes.
                if (entry.Entry.NodeId != NodeId.None)
                    Assert.That(entry.Entry.Attr, Is.EqualTo(stat), entry.Name);
            }
        });
    }
}
