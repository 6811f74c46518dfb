using System.Runtime.InteropServices;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Passthrough;

/// <summary>A lower file that is open by passthrough and copied up meanwhile. Every test's end compares the lower layer's bytes.</summary>
internal sealed class LowerFileTests : PassthroughTest
{
    private static readonly byte[] Lower = Pattern(Large + 5);

    [TestCase(O.RDWR)]
    [TestCase(O.WRONLY)]
    [TestCase(O.RDWR | O.APPEND)]
    [TestCase(O.RDWR | O.TRUNC)]
    [TestCase(O.RDWR | O.CREAT)]
    public void Write_LowerFileOpenReadOnly_ReachesTheCopyOnly(O flags)
    {
        Mount(("f", Lower));
        int reader = Open("f", O.RDONLY), writer = Open("f", flags);
        Write(writer, "written", 3);
        byte[] expected = (flags & O.TRUNC) != 0 ? [0, 0, 0, .. "written"u8]
            : (flags & O.APPEND) != 0 ? [.. Lower, .. "written"u8] : [.. Lower[..3], .. "written"u8, .. Lower[10..]];
        Assert.Multiple(() =>
        {
            Assert.That(Files.Read(reader, Lower.Length + 1, 0), Is.EqualTo(Lower), "who had it open reads what it was");
            Assert.That(File.ReadAllBytes(PathOf("f")), Is.EqualTo(expected));
            Assert.That(File.ReadAllBytes(Upper + "/f"), Is.EqualTo(expected));
        });
    }

    [Test]
    public void Write_SharedMappingOfTheCopy_LeavesTheMappedLowerFile()
    {
        Mount(("f", Lower));
        nint below = Map(Open("f", O.RDONLY), MmapProts.PROT_READ),
            above = Map(Open("f", O.RDWR), MmapProts.PROT_READ | MmapProts.PROT_WRITE);
        Marshal.WriteByte(above, (byte)~Lower[0]);
        Assert.Multiple(() =>
        {
            Assert.That(Marshal.ReadByte(below), Is.EqualTo(Lower[0]));
            Assert.That(File.ReadAllBytes(PathOf("f"))[0], Is.EqualTo((byte)~Lower[0]));
        });
        _ = Syscall.munmap(below, 1);
        _ = Syscall.munmap(above, 1);
    }

    [Test]
    public void Open_AfterTheCopyUp_SeesTheCopyUnderTheSameNumber()
    {
        Mount(("f", Lower));
        int before = Open("f", O.RDONLY);
        ulong number = StatOf("f").st_ino;
        Write(Open("f", O.WRONLY), "new");
        int after = Open("f", O.RDONLY);
        Tool.Check(Syscall.fstat(before, out Stat old), "fstat");
        Assert.Multiple(() =>
        {
            Assert.That(Read(after, 3), Is.EqualTo("new"));
            Assert.That(StatOf("f").st_ino, Is.EqualTo(number));
            Assert.That(old.st_ino, Is.EqualTo(number));
        });
    }

    [Test]
    public void Change_ByDescriptorFromBefore_IsOneOfTheCopy()
    {
        Mount(("f", Lower));
        int reader = Open("f", O.RDONLY), writer = Open("f", O.RDWR);
        Tool.Check(Syscall.fchmod(reader, Mode.Octal(604)), "fchmod by the reader");
        Assert.That(Permissions(StatOf("f")), Is.EqualTo(Mode.Bits(604)));
        Tool.Check(Syscall.fchmod(writer, Mode.Octal(640)), "fchmod by the writer");
        Tool.Check(Syscall.ftruncate(writer, 10), "ftruncate");
        Tool.Check(Syscall.fstat(reader, out Stat stat), "fstat");
        Assert.That((Permissions(stat), stat.st_size, StatOf("f").st_size), Is.EqualTo((Mode.Bits(640), 10L, 10L)));
    }

    [Test]
    public void CopyUp_ByChmodOfOpenFile_KeepsTheDescriptorAndOpensAnew()
    {
        Mount(("f", Lower));
        int reader = Open("f", O.RDONLY);
        Tool.Check(Syscall.chmod(PathOf("f"), Mode.Octal(600)), "chmod");
        int writer = Open("f", O.RDWR);
        Write(writer, "x");
        Assert.That(Files.Read(reader, Lower.Length, 0), Is.EqualTo(Lower));
        Assert.That(Read(writer, 1), Is.EqualTo("x"));
    }

    [Test]
    public void Rename_FileLeftBehind_FindsTheCopyUnderItsNewName()
    {
        Mount(("f", Lower), ("other", [1, 2, 3]));
        int reader = Open("f", O.RDONLY);
        Tool.Check(Syscall.rename(PathOf("f"), PathOf("g")), "rename");
        Write(Open("g", O.RDWR), "moved");
        Tool.Check(Syscall.rename(PathOf("other"), PathOf("f")), "rename");
        Tool.Check(Syscall.fchmod(reader, Mode.Octal(600)), "fchmod");
        Assert.Multiple(() =>
        {
            Assert.That(Permissions(StatOf("g")), Is.EqualTo(Mode.Bits(600)), "the file, wherever it went");
            Assert.That(Permissions(StatOf("f")), Is.Not.EqualTo(Mode.Bits(600)), "not what has its name now");
            Assert.That(Read(Open("g", O.RDONLY), 5), Is.EqualTo("moved"));
            Assert.That(Files.Read(reader, Lower.Length, 0), Is.EqualTo(Lower));
        });
    }

    [Test]
    public void Unlink_FileLeftBehind_EndsWithTheLastDescriptor()
    {
        Mount(("f", Lower));
        int reader = Open("f", O.RDONLY), writer = Open("f", O.RDWR);
        Tool.Check(Syscall.unlink(PathOf("f")), "unlink");
        Write(writer, "nameless");
        Tool.Check(Syscall.fstat(reader, out Stat stat), "fstat");
        Assert.Multiple(() =>
        {
            Assert.That((long)stat.st_nlink, Is.Zero);
            Assert.That(Files.Read(reader, Lower.Length, 0), Is.EqualTo(Lower));
            Assert.That(Read(writer, 8), Is.EqualTo("nameless"));
            Assert.That(DirectoryReader.Read(Merged), Is.Empty);
        });
    }

    [Test]
    public void Link_FileLeftBehind_BothNamesAreTheCopy()
    {
        Mount(("f", Lower));
        _ = Open("f", O.RDONLY);
        Tool.Check(Syscall.link(PathOf("f"), PathOf("g")), "link");
        Write(Open("f", O.RDWR), "one");
        Assert.That(Read(Open("g", O.RDONLY), 3), Is.EqualTo("one"));
        Write(Open("g", O.RDWR), "two");
        Assert.That(Read(Open("f", O.RDONLY), 3), Is.EqualTo("two"));
        Assert.That((StatOf("f").st_nlink, StatOf("f").st_ino), Is.EqualTo((2UL, StatOf("g").st_ino)));
    }

    [Test]
    public void Write_SmallLowerFileOpenReadOnly_IsSeenByTheReader()
    {
        Mount(("f", [.. "small"u8]));
        int reader = Open("f", O.RDONLY);
        Write(Open("f", O.RDWR), "SMALL");
        Assert.That(Read(reader, 5), Is.EqualTo("SMALL"));
    }

    [Test]
    public void Write_MetacopyOpenByItsLowerData_LeavesThem()
    {
        Mount("metacopy=on", ("f", Lower));
        int reader = Open("f", O.RDONLY);
        Tool.Check(Syscall.chmod(PathOf("f"), Mode.Octal(600)), "chmod");
        int second = Open("f", O.RDONLY), writer = Open("f", O.RDWR);
        Write(writer, "fetched");
        Assert.Multiple(() =>
        {
            Assert.That(Files.Read(reader, Lower.Length, 0), Is.EqualTo(Lower));
            Assert.That(Files.Read(second, Lower.Length, 0), Is.EqualTo(Lower));
            Assert.That(Read(Open("f", O.RDONLY), 7), Is.EqualTo("fetched"));
            Assert.That(new FileInfo(Upper + "/f").Length, Is.EqualTo(Lower.Length));
        });
    }

    [Test]
    public void CopyUp_ManyReadersAndWritersAtOnce_NeverChangesTheLowerFile()
    {
        const int Rounds = 8, Threads = 6;
        Mount([.. Enumerable.Range(0, Rounds).Select(i => ($"f{i}", Lower))]);
        for (int round = 0; round < Rounds; round++)
        {
            string name = $"f{round}";
            Task.WaitAll([.. Enumerable.Range(0, Threads)
                .Select(i => Task.Factory.StartNew(() => Use(name, i), TaskCreationOptions.LongRunning))]);
            byte[] expected = [.. Lower];
            for (int i = 1; i < Threads; i += 2) expected[i] = (byte)~Lower[i];
            Assert.That(File.ReadAllBytes(PathOf(name)), Is.EqualTo(expected));
        }
    }

    /// <summary>Even ones read, odd ones write one byte each.</summary>
    private void Use(string name, int i)
    {
        int fd = (int)Tool.Check(OpenNow(name, i % 2 == 0 ? O.RDONLY : O.RDWR), "open " + name);
        if (i % 2 == 1) Tool.Check(Files.WriteAll(fd, [(byte)~Lower[i]], i), "pwrite");
        else Assert.That(Files.Read(fd, 100, Large - 100), Is.EqualTo(Lower[(Large - 100)..Large]));
        Tool.Check(Syscall.close(fd), "close");
    }

    private static nint Map(int fd, MmapProts protection)
    {
        nint map = Syscall.mmap(0, 4096, protection, MmapFlags.MAP_SHARED, fd, 0);
        Tool.Check(map == -1 ? -1 : 0, "mmap");
        return map;
    }
}
