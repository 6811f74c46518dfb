using System.Runtime.InteropServices;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Passthrough;

/// <summary>What passthrough I/O, which the daemon does not see, must bring about as well as a request would.</summary>
internal sealed class UpperFileTests : PassthroughTest
{
    private const uint Nobody = 65534;
    private const int Page = 4096;

    [Test]
    public void Write_BySomebodyElse_ClearsSetIdsAndCapability()
    {
        Mount();
        MakeProgram("f");
        Assert.That(WriteAsNobody("f"), Is.EqualTo(1));
        ExpectOrdinary("f");
    }

    [Test]
    public void Write_OpenedBeforeTheSetIdWasSet_ClearsIt()
    {
        Mount();
        Open("f", O.CREAT | O.RDWR);
        Tool.Check(Syscall.chmod(PathOf("f"), Mode.Octal(777)), "chmod");
        int fd = Keep(Credentials.RunAs(Nobody, () => OpenNow("f", O.WRONLY)), "f");
        MakeProgram("f");
        Assert.That(Credentials.RunAs(Nobody, () => Files.Write(fd, [1])), Is.EqualTo(1));
        ExpectOrdinary("f");
    }

    [Test]
    public void Write_ByRoot_KeepsSetIds()
    {
        Mount();
        Open("f", O.CREAT | O.RDWR);
        Tool.Check(Syscall.chmod(PathOf("f"), Mode.Octal(6777)), "chmod");
        Write(Open("f", O.WRONLY), "x");
        Assert.That(Permissions(StatOf("f")), Is.EqualTo(Mode.Bits(6777)));
    }

    [Test]
    public void Stat_AfterEachAppendOfTwoDescriptors_HasTheSize()
    {
        Mount();
        int one = Open("f", O.CREAT | O.WRONLY | O.APPEND), two = Open("f", O.WRONLY | O.APPEND);
        for (int i = 0; i < 50; i++)
        {
            Tool.Check(Files.Write(one, [1, 2, 3]), "write");
            Tool.Check(Syscall.fstat(two, out Stat stat), "fstat");
            Assert.That((stat.st_size, StatOf("f").st_size), Is.EqualTo((i * 5 + 3L, i * 5 + 3L)));
            Tool.Check(Files.Write(two, [4, 5]), "write");
            Assert.That(StatOf("f").st_size, Is.EqualTo(i * 5 + 5));
        }
    }

    [Test]
    public void Append_TwoProcesses_LoseNothing()
    {
        Mount();
        Bash.Run("for i in 1 2; do for n in $(seq 500); do echo $i $n; done >>f & done; wait", Merged);
        IEnumerable<string> expected = from i in Enumerable.Range(1, 2) from n in Enumerable.Range(1, 500) select $"{i} {n}";
        Assert.That(File.ReadAllLines(Upper + "/f"), Is.EquivalentTo(expected));
    }

    [Test]
    public void Stat_AfterStoreIntoMappingOfClosedFile_HasTheNewTime()
    {
        Mount();
        int fd = (int)Tool.Check(OpenNow("f", O.CREAT | O.RDWR), "open");
        Tool.Check(Syscall.ftruncate(fd, Page), "ftruncate");
        Tool.Check(Files.SetTimes(PathOf("f"), 1000, 1000, 0), "utimensat");
        nint map = Syscall.mmap(0, Page, MmapProts.PROT_READ | MmapProts.PROT_WRITE, MmapFlags.MAP_SHARED, fd, 0);
        Tool.Check(Syscall.close(fd), "close");
        Assert.That(StatOf("f").st_mtime, Is.EqualTo(1000));
        Marshal.WriteByte(map, 7);
        Tool.Check(Syscall.msync(map, Page, MsyncFlags.MS_SYNC), "msync");
        Assert.That(StatOf("f").st_mtime, Is.GreaterThan(1000));
        _ = Syscall.munmap(map, Page);
    }

    [Test]
    public void Requests_BesidePassthroughWrites_SeeAndChangeTheSameBytes()
    {
        Mount();
        int fd = Open("f", O.CREAT | O.RDWR), to = Open("g", O.CREAT | O.RDWR);
        Write(fd, "passed", 2 * Page);
        Assert.That(Libc.lseek(fd, 0, Libc.SEEK_DATA), Is.EqualTo(2 * Page));
        Tool.Check(Libc.fallocate(fd, FallocFlags.None, 0, 4 * Page), "fallocate");
        Assert.That(StatOf("f").st_size, Is.EqualTo(4 * Page));
        long source = 2 * Page, target = 1;
        Assert.That(Libc.copy_file_range(fd, ref source, to, ref target, 6, 0), Is.EqualTo((nint)6));
        Assert.That(Read(to, 6, 1), Is.EqualTo("passed"));
        Tool.Check(Libc.fallocate(fd, FallocFlags.PunchHole | FallocFlags.KeepSize, 2 * Page, Page), "punch");
        Assert.That(Files.Read(fd, 6, 2 * Page), Is.EqualTo(new byte[6]));
        Tool.Check(Syscall.ftruncate(fd, 3), "ftruncate");
        Assert.That((Files.Read(fd, 10, 0)!.Length, StatOf("f").st_size), Is.EqualTo((3, 3L)));
        Assert.That((Syscall.fsync(fd), Syscall.fdatasync(fd)), Is.EqualTo((0, 0)));
    }

    [Test]
    public void Map_SharedByTwoOpensAndHardLinks_IsOneMemory()
    {
        Mount();
        int one = Open("f", O.CREAT | O.RDWR);
        Tool.Check(Syscall.ftruncate(one, Page), "ftruncate");
        Tool.Check(Syscall.link(PathOf("f"), PathOf("g")), "link");
        nint map = Syscall.mmap(0, Page, MmapProts.PROT_READ | MmapProts.PROT_WRITE, MmapFlags.MAP_SHARED, one, 0);
        int other = Open("g", O.RDWR);
        Write(other, "by write", 10);
        Assert.That(Marshal.ReadByte(map, 10), Is.EqualTo((byte)'b'));
        Marshal.WriteByte(map, 10, (byte)'B');
        Assert.That(Read(other, 8, 10), Is.EqualTo("By write"));
        _ = Syscall.munmap(map, Page);
    }

    [Test]
    public void ReadWrite_DirectIo_GoesToTheFile()
    {
        Mount();
        Bash.Run("dd if=/dev/urandom of=../data bs=4k count=16 status=none; dd if=../data of=f bs=4k oflag=direct status=none; "
            + "dd if=f bs=4k iflag=direct status=none | cmp - ../data; cmp f ../data", Merged);
    }

    [Test]
    public void Run_ProgramWrittenThroughTheMount_RunsAndIsBusy()
    {
        Mount();
        Bash.Run("cp /bin/sleep s; ./s 60 & trap 'kill $!' EXIT; sleep 0.2; if true 2>/dev/null >>s; then exit 9; fi; echo ok", Merged);
    }

    [Test]
    public void Use_UnlinkedAndReplacedFiles_KeepTheirData()
    {
        Mount();
        int gone = Open("f", O.CREAT | O.RDWR), replaced = Open("g", O.CREAT | O.RDWR);
        Write(gone, "gone");
        Write(replaced, "replaced");
        Tool.Check(Syscall.unlink(PathOf("f")), "unlink");
        Write(Open("h", O.CREAT | O.RDWR), "new");
        Tool.Check(Syscall.rename(PathOf("h"), PathOf("g")), "rename");
        Write(gone, "GO");
        Write(replaced, "RE");
        Assert.That((Read(gone, 9), Read(replaced, 9), File.ReadAllText(PathOf("g"))), Is.EqualTo(("GOne", "REplaced", "new")));
    }

    [Test]
    public void Write_DiskFull_AnswersNoSpaceAndKeepsWhatWasWritten()
    {
        string disk = Sandbox.MakeFileSystem("ext4", 16);
        foreach (string name in new[] { "l", "u", "w" }) Directory.CreateDirectory(disk + "/" + name);
        string merged = Sandbox.PathOf("full");
        using OverlayMount mount = ProgramUnderTest.Mount(new OverlayOptions([disk + "/l"], disk + "/u",
            disk + "/w")
        { Io = "passthrough" }, merged);
        ToolResult result = Bash.Try("dd if=/dev/zero of=f bs=64k status=none", merged);
        Assert.That(result.Error, Does.Contain("No space left"));
        Assert.That(new FileInfo(merged + "/f").Length, Is.GreaterThan(0).And.EqualTo(new FileInfo(disk + "/u/f").Length));
    }

    private void MakeProgram(string name)
    {
        Bash.Run($"touch {name}; chmod 6777 {name}; setcap cap_net_raw+ep {name}", Merged);
        Assert.That(Bash.Run("getcap " + name, Merged), Does.Contain("cap_net_raw"));
    }

    private long WriteAsNobody(string name) => Credentials.RunAs(Nobody, () =>
    {
        int fd = OpenNow(name, O.WRONLY);
        long written = Files.Write(fd, [1]);
        _ = Syscall.close(fd);
        return written;
    });

    /// <summary>In the merged view and on the disk.</summary>
    private void ExpectOrdinary(string name)
    {
        Tool.Check(Syscall.stat(Upper + "/" + name, out Stat real), "stat");
        Assert.Multiple(() =>
        {
            Assert.That((Permissions(StatOf(name)), Permissions(real)), Is.EqualTo((Mode.Bits(777), Mode.Bits(777))));
            Assert.That(Bash.Run("getcap " + name, Merged), Is.Empty);
        });
    }
}
