using System.Text;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Posix;

/// <summary>
/// What was written and is still only in the page cache counts for every other operation: with writeback=1 the daemon does not know of it
/// yet.
/// </summary>
internal sealed class UnwrittenTests(string place) : PosixFixture(place)
{
    private const int Page = 4096, Long = 64 << 20;
    private const string Capability = "security.capability";

    [Test]
    public void Seek_BesideUnwrittenData_FindsThem()
    {
        Start(new Layer().File("f", ""));
        int fd = Open("f", O.RDWR);
        Tool.Check(Files.WriteAll(fd, new byte[Page], 1 << 20), "pwrite");
        long data = Libc.lseek(fd, 0, Libc.SEEK_DATA);
        Assert.Multiple(() =>
        {
            Assert.That(data, Is.InRange(0, 1 << 20));
            Assert.That(Libc.lseek(fd, 1 << 20, Libc.SEEK_DATA), Is.EqualTo(1 << 20));
            Assert.That(Libc.lseek(fd, 1 << 20, Libc.SEEK_HOLE), Is.EqualTo((1 << 20) + Page));
        });
        Close(fd);
    }

    [Test]
    public void CopyRange_OfUnwrittenData_CopiesThem()
    {
        Start(new Layer().File("f", "below").File("g", "other"));
        int from = Open("f", O.RDWR), to = Open("g", O.RDWR);
        Tool.Check(Files.WriteAll(from, Values.Bytes("above"), 3), "pwrite");
        Tool.Check(Files.WriteAll(to, Values.Bytes("tail"), 9), "pwrite");
        (long source, long target) = (1, 2);
        Assert.That(Libc.copy_file_range(from, ref source, to, ref target, 6, 0), Is.EqualTo((nint)6));
        Close(from);
        Close(to);
        Assert.That((Text("f"), Text("g")), Is.EqualTo(("belabove", "otelabov\0tail")));
    }

    [Test]
    public void Allocate_BesideUnwrittenData_ChangesOnlyItsRange()
    {
        Start(new Layer().File("f", ""));
        int fd = Open("f", O.RDWR);
        Tool.Check(Files.WriteAll(fd, [.. Enumerable.Repeat((byte)'x', 3 * Page)], 0), "pwrite");
        Tool.Check(Libc.fallocate(fd, FallocFlags.PunchHole | FallocFlags.KeepSize, Page, Page), "punch");
        Tool.Check(Libc.fallocate(fd, FallocFlags.None, 0, 4 * Page), "fallocate");
        Forget(fd);
        Close(fd);
        Assert.That(Text("f"), Is.EqualTo(new string('x', Page) + new string('\0', Page) + new string('x', Page) + new string('\0', Page)));
    }

    [Test]
    public void Truncate_BesideUnwrittenData_CutsThem()
    {
        Start(new Layer().File("f", "0123456789"));
        int fd = Open("f", O.RDWR);
        Tool.Check(Files.WriteAll(fd, [.. Enumerable.Repeat((byte)'x', 3 * Page)], 0), "pwrite");
        Tool.Check(Syscall.truncate(PathOf("f"), 5), "truncate");
        Tool.Check(Files.WriteAll(fd, Values.Bytes("y"), 3), "pwrite");
        Tool.Check(Syscall.ftruncate(fd, 8), "ftruncate");
        Close(fd);
        Assert.That(Text("f"), Is.EqualTo("xxxyx\0\0\0"));
    }

    [Test]
    public void Write_IntoPartOfAPageByWriteOnlyDescriptors_KeepsTheRest()
    {
        Start(new Layer().File("f", new string('a', Page + 100)));
        int fd = Open("f", O.WRONLY), end = Open("f", O.WRONLY | O.APPEND);
        Tool.Check(Files.WriteAll(fd, Values.Bytes("b"), 10), "pwrite");
        Tool.Check(Files.Write(end, Values.Bytes("c")), "append");
        Tool.Check(Files.WriteAll(fd, Values.Bytes("d"), Page + 50), "pwrite");
        Forget(fd);
        Tool.Check(Files.Write(end, Values.Bytes("e")), "append");
        Close(fd);
        Close(end);
        Assert.That(Text("f"), Is.EqualTo(new string('a', 10) + "b" + new string('a', Page + 39) + "d" + new string('a', 49) + "ce"));
    }

    [Test]
    public void Stat_AfterWriting_HasTheTimeAndSizeOfTheWriteFromThenOn()
    {
        Start(new Layer().File("f", "old"));
        Tool.Check(Files.SetTimes(PathOf("f"), 1_000_000, 1_000_000, 5), "utimensat");
        int fd = Open("f", O.RDWR), other = Open("f", O.RDONLY);
        Tool.Check(Files.WriteAll(fd, new byte[Page], 0), "pwrite");
        Stat written = StatOf("f");
        Tool.Check(Syscall.fstat(other, out Stat seen), "fstat");
        Thread.Sleep(20); // of the file system's clock
        Close(fd);
        Close(other);
        Assert.Multiple(() =>
        {
            Assert.That(written.st_mtime, Is.GreaterThan(1_000_000));
            Assert.That(Shown(seen), Is.EqualTo(Shown(written)));
            Assert.That(Shown(StatOf("f")), Is.EqualTo(Shown(written)));
            Assert.That(written.st_size, Is.EqualTo(Page));
        });
    }

    [Test]
    public void SetTimes_BesideUnwrittenData_StaysAfterClose()
    {
        Start(new Layer().File("f", "old"));
        int fd = Open("f", O.WRONLY);
        Tool.Check(Files.WriteAll(fd, new byte[Page], 0), "pwrite");
        Tool.Check(Files.SetTimes(PathOf("f"), 1_000_000, 2_000_000, 7), "utimensat");
        Close(fd);
        Assert.That(Shown(StatOf("f")), Is.EqualTo((Page, 2_000_000, 7)));
    }

    [Test]
    public void SetCapability_BesideUnwrittenData_StaysAndGoesWithTheNextWrite()
    {
        Start(new Layer().File("f", "old"));
        byte[] value = [0, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        int fd = Open("f", O.WRONLY);
        Tool.Check(Files.WriteAll(fd, new byte[Page], 0), "pwrite");
        Tool.Check(Syscall.lsetxattr(PathOf("f"), Capability, value, (ulong)value.Length, (XattrFlags)0), "setxattr");
        Tool.Check(Syscall.fsync(fd), "fsync");
        Assert.That(Xattrs.Get(PathOf("f"), Capability), Is.EqualTo(value));
        Tool.Check(Files.WriteAll(fd, new byte[1], 0), "pwrite");
        Assert.That(Xattrs.Get(PathOf("f"), Capability), Is.Null);
        Close(fd);
        Assert.That(Xattrs.Get(PathOf("f"), Capability), Is.Null);
    }

    [Test]
    public void Write_BySomebodyElse_ClearsSetIdsAtOnce()
    {
        Start(new Layer().File("f", "old"));
        Tool.Check(Syscall.chmod(PathOf("f"), Mode.Octal(666)), "chmod");
        int fd = Credentials.RunAs(65534, () => Open("f", O.WRONLY));
        Tool.Check(Files.WriteAll(fd, new byte[Page], 0), "pwrite");
        Tool.Check(Syscall.chmod(PathOf("f"), Mode.Octal(6777)), "chmod");
        Assert.That(Credentials.RunAs(65534, () => Files.Write(fd, [1])), Is.EqualTo(1));
        Assert.That(NativeConvert.FromFilePermissions(StatOf("f").st_mode) & 0xFFF, Is.EqualTo(Mode.Bits(777)));
        Close(fd);
    }

    [Test]
    public void RenameLinkUnlink_OfUnwrittenFile_KeepItsData()
    {
        Start(new Layer().File("f", "old").File("g", "target"));
        int fd = Open("f", O.WRONLY), gone = Open("g", O.RDWR);
        Tool.Check(Files.WriteAll(fd, Values.Bytes("new"), 0), "pwrite");
        Tool.Check(Files.WriteAll(gone, Values.Bytes("NEW"), 0), "pwrite");
        Tool.Check(Syscall.link(PathOf("f"), PathOf("link")), "link");
        Tool.Check(Syscall.rename(PathOf("f"), PathOf("g")), "rename");
        Tool.Check(Files.WriteAll(fd, Values.Bytes("er"), 3), "pwrite");
        Tool.Check(Syscall.fsync(gone), "fsync");
        Forget(gone);
        Assert.That(Values.Text(Files.Read(gone, 10, 0)), Is.EqualTo("NEWget"));
        Close(gone);
        Close(fd);
        Assert.That((Text("g"), Text("link"), File.Exists(PathOf("f"))), Is.EqualTo(("newer", "newer", false)));
    }

    [Test]
    public void Store_IntoSharedMapping_IsThereForAll()
    {
        Start(new Layer().File("f", new string('a', 2 * Page)));
        string answer = Bash.Run("""
            python3 - <<'END'
            import mmap, os
            fd = os.open('f', os.O_RDWR)
            shared = mmap.mmap(fd, 8192)
            shared[10:13] = b'one'
            print(os.pread(fd, 5, 9).decode())
            shared.flush()
            shared[5000:5003] = b'two'
            os.pwrite(fd, b'three', 20)
            print(shared[19:26].decode())
            os.close(fd)
            shared.close()
            END
            head -c 26 f | tail -c 17; tail -c +5000 f | head -c 5
            """, Root);
        Assert.That(answer, Is.EqualTo("aonea\nathreea\naoneaaaaaaathreeaatwoa\n"));
    }

    [Test]
    public void Append_ToAppendOnlyFile_ClosesWithoutError()
    {
        SkipInMemory("it has no inode flags (chattr)");
        Start(new Layer().Dir("d"));
        string answer = Bash.Run("""
            echo one >d/f; chattr +a d/f; trap 'chattr -a d/f' EXIT
            python3 - <<'END'
            import os
            fd = os.open('d/f', os.O_WRONLY | os.O_APPEND)
            os.write(fd, b'two\n')
            os.close(fd)
            os.utime('d/f')
            END
            cat d/f
            """, Root);
        Assert.That(answer, Is.EqualTo("one\ntwo\n"));
    }

    [Test]
    public void Write_ManyUnwrittenFiles_AllReadBackAfterTheCacheWasDropped()
    {
        Start(new Layer().Dir("d"));
        byte[] data = new byte[Long / 64];
        new Random(1).NextBytes(data);
        for (int i = 0; i < 64; i++)
        {
            int fd = Open($"d/{i}", O.CREAT | O.RDWR);
            Tool.Check(Files.WriteAll(fd, data, i), "pwrite");
            Close(fd);
            fd = Open($"d/{i}", O.RDONLY);
            Forget(fd);
            Assert.That(Files.Read(fd, data.Length, i), Is.EqualTo(data), $"file {i}");
            Close(fd);
        }
    }

    private string Text(string name) => Encoding.Latin1.GetString(File.ReadAllBytes(PathOf(name)));

    private Stat StatOf(string name)
    {
        Tool.Check(Syscall.stat(PathOf(name), out Stat stat), "stat " + name);
        return stat;
    }

    private static (long Size, long Seconds, long Nanoseconds) Shown(Stat stat) => (stat.st_size, stat.st_mtime, stat.st_mtime_nsec);

    /// <summary>Drops what the page cache has of a file, after it was written back.</summary>
    private static void Forget(int fd)
    {
        Tool.Check(Syscall.fsync(fd), "fsync");
        const int dontNeed = 4;
        Assert.That(Libc.posix_fadvise(fd, 0, 0, dontNeed), Is.Zero);
    }
}
