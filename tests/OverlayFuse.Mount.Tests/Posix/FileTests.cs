using System.Runtime.InteropServices;
using System.Text;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Posix;

/// <summary>Files: random streams of everything, sizes over 4 GiB, many writers, locks, syncs.</summary>
internal sealed class FileTests(string place) : PosixFixture(place)
{
    private const int Writers = 8, LinesOfEach = 200;

    [TestCase(1, 2_000)]
    [TestCase(2, 2_000)]
    [TestCase(3, 200_000, Category = "Soak")]
    public void Stream_RandomOperations_EqualsTheModel(int seed, int steps)
    {
        Start(new Layer().File("f", "what is there from the start"));
        using var model = new FileModel(PathOf("f"), seed, Values.Bytes("what is there from the start"));
        var last = new Queue<string>();
        for (int i = 0; i < steps; i++)
        {
            last.Enqueue(model.Step());
            if (last.Count > 10) last.Dequeue();
            if (i % 50 == 0) model.Check($"step {i}, after {string.Join("; ", last)}");
        }
        Assert.DoesNotThrow(() => model.Check("the end"));
    }

    [Test]
    public void Write_BeyondFourGiB_ReadsBackAtItsPlace()
    {
        const long Far = (4L << 30) + 12_345, Size = 6L << 30;
        Start(new Layer().Sparse("big", Size, 0, 4L << 30));
        int fd = Open("big", O.RDWR);
        Tool.Check(Files.WriteAll(fd, Values.Bytes("far"), Far), "pwrite");
        Tool.Check(Syscall.fstat(fd, out Stat stat), "fstat");
        Assert.Multiple(() =>
        {
            Assert.That(stat.st_size, Is.EqualTo(Size));
            Assert.That(stat.st_blocks * 512, Is.LessThan(4 << 20),
                "the holes are still holes, but for the rest of a chunk of 1 MiB (the kernel)");
            Assert.That(Files.Read(fd, 5, Far - 1), Is.EqualTo(new[] { 0, 'f', 'a', 'r', 0 }));
            Assert.That(Files.Read(fd, 1, 4L << 30), Is.EqualTo(new[] { 'A' + (4L << 30) / 4096 % 26 }));
            Assert.That(Libc.lseek(fd, 1 << 20, Libc.SEEK_DATA), Is.EqualTo(4L << 30));
            Assert.That(Files.Read(fd, 10, Size), Is.Empty);
        });
        Close(fd);
    }

    [Test]
    public void Append_ManyWritersOfOneFile_LosesNoLine()
    {
        Start(new Layer().File("log", "start\n"));
        Parallel(Writers, writer =>
        {
            int fd = Open("log", O.WRONLY | O.APPEND);
            for (int i = 0; i < LinesOfEach; i++) Tool.Check(Files.Write(fd, Values.Bytes($"{writer} {i}\n")), "write");
            Close(fd);
        });
        string[] lines = File.ReadAllLines(PathOf("log"));
        IEnumerable<string> expected = Enumerable.Range(0, Writers)
            .SelectMany(writer => Enumerable.Range(0, LinesOfEach).Select(i => $"{writer} {i}")).Append("start");
        Assert.That(lines, Is.EquivalentTo(expected));
    }

    /// <summary>On an overlay all of them want the same copy-up at once, of a file that takes a while to copy.</summary>
    [Test]
    public void Write_ManyFirstWritersOfOneFile_AllLandInOneFile()
    {
        const int Size = 32 << 20, Apart = Size / Writers;
        Start(new Layer().HoleThenData("f", Size, 0));
        Parallel(Writers, writer =>
        {
            int fd = Open("f", O.RDWR);
            Tool.Check(Files.WriteAll(fd, Values.Bytes($"writer {writer}"), (long)writer * Apart), "pwrite");
            Close(fd);
        });
        int all = Open("f", O.RDONLY);
        for (int writer = 0; writer < Writers; writer++)
        {
            Assert.That(Files.Read(all, 8, (long)writer * Apart), Is.EqualTo(Values.Bytes($"writer {writer}")));
            Assert.That(Files.Read(all, 1, (long)writer * Apart + 4096), Is.EqualTo(new[] { 'A' + ((long)writer * Apart / 4096 + 1) % 26 }),
                "what was there before");
        }
        Close(all);
    }

    [Test]
    public void Map_SharedFromBeforeTheFirstWrite_SeesIt()
    {
        SkipOnKernel("a mapping from before a copy-up stays with the lower file (overlayfs.rst, Non-standard behavior)");
        Start(new Layer().File("f", "before"));
        int reader = Open("f", O.RDONLY);
        nint map = Syscall.mmap(0, 6, MmapProts.PROT_READ, MmapFlags.MAP_SHARED, reader, 0);
        Assert.That(Marshal.ReadByte(map), Is.EqualTo((byte)'b'));
        int writer = Open("f", O.RDWR);
        Tool.Check(Files.WriteAll(writer, Values.Bytes("AFTER!"), 0), "pwrite");
        Assert.That(Marshal.ReadByte(map), Is.EqualTo((byte)'A'));
        _ = Syscall.munmap(map, 6);
        Close(writer);
        Close(reader);
    }

    [Test]
    public void Change_UnlinkedFileByItsDescriptor_WorksAndLeavesNoName()
    {
        SkipOnKernel("the copy-up of an unlinked lower file answers EEXIST (6.18)");
        Start(new Layer().File("f", "data", 644).File("stays"));
        int fd = Open("f", O.RDONLY);
        Tool.Check(Syscall.unlink(PathOf("f")), "unlink");
        Tool.Check(Syscall.fchmod(fd, Mode.Octal(600)), "fchmod");
        Tool.Check(Syscall.fchown(fd, 7, 8), "fchown");
        int again = (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes($"/proc/self/fd/{fd}"), O.RDWR | O.CLOEXEC, 0),
            "open through /proc/self/fd");
        Tool.Check(Files.WriteAll(again, Values.Bytes("DATA"), 0), "pwrite");
        Tool.Check(Syscall.fstat(fd, out Stat stat), "fstat");
        Assert.Multiple(() =>
        {
            Assert.That(NativeConvert.FromFilePermissions(stat.st_mode) & 0xFFF, Is.EqualTo(Mode.Bits(600)));
            Assert.That((stat.st_uid, stat.st_gid), Is.EqualTo((7u, 8u)));
            Assert.That(Files.Read(fd, 9, 0), Is.EqualTo(Values.Bytes("DATA")));
            Assert.That(DirectoryReader.Read(Root).Select(entry => entry.d_name), Is.EqualTo(new[] { "stays" }));
        });
        Close(again);
        Close(fd);
    }

    [Test]
    public void RangeLock_ManyWorkersIncrementACounter_CountsEachOnce()
    {
        Start(new Layer().File("counter", "000000"));
        Parallel(Writers, _ =>
        {
            int fd = Open("counter", O.RDWR);
            for (int i = 0; i < LinesOfEach; i++)
            {
                Lock(fd, 1);
                long count = Values.Number(Encoding.ASCII.GetString(Files.Read(fd, 6, 0)!));
                Tool.Check(Files.WriteAll(fd, Values.Bytes($"{count + 1:D6}"), 0), "pwrite");
                Lock(fd, 2);
            }
            Close(fd);
        });
        Assert.That(File.ReadAllText(PathOf("counter")), Is.EqualTo($"{Writers * LinesOfEach:D6}"));
    }

    [Test]
    public void Sync_EveryKind_AnswersSuccessAndKeepsTheData()
    {
        Start(new Layer().File("f", "old").Dir("d"));
        int fd = Open("f", O.RDWR), directory = Open("d", O.RDONLY), created = Open("d/new", O.RDWR | O.CREAT);
        Tool.Check(Files.WriteAll(fd, Values.Bytes("new"), 0), "pwrite");
        Assert.Multiple(() =>
        {
            foreach (int each in new[] { fd, directory, created })
                Assert.That(new long[] { Syscall.fsync(each), Syscall.fdatasync(each), Libc.syncfs(each) }, Is.All.Zero);
            Assert.That(Files.Read(fd, 3, 0), Is.EqualTo(Values.Bytes("new")));
        });
        foreach (int each in new[] { fd, directory, created }) Close(each);
    }

    private static void Lock(int fd, short type)
    {
        var range = new FlockRange { Type = type, Length = 6 };
        Tool.Check(Libc.fcntl(fd, Libc.F_OFD_SETLKW, ref range), "fcntl");
    }

    private static void Parallel(int count, Action<int> action) =>
        Task.WaitAll([.. Enumerable.Range(0, count).Select(i => Task.Factory.StartNew(() => action(i), TaskCreationOptions.LongRunning))]);
}
