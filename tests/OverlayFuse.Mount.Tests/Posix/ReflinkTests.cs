using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Posix;

/// <summary>Copies that share their blocks, where the layers' file system can: measured by its free space.</summary>
[TestFixture("xfs", ProgramUnderTest.KernelItself)]
[TestFixture("btrfs", ProgramUnderTest.KernelItself)]
[TestFixture("xfs", "")]
[TestFixture("btrfs", "")]
internal sealed class ReflinkTests(string fileSystem, string program)
{
    private const int ImageMiB = 512, Size = 32 << 20, Little = 4 << 20;
    private static readonly byte[] Block = [.. Enumerable.Repeat((byte)'x', 1 << 20)];
    private Sandbox sandbox = null!;
    private OverlayMount? mount;
    private string disk = "";

    [SetUp]
    public void MountOverlay()
    {
        sandbox = Sandbox.OnDisk();
        disk = sandbox.MakeFileSystem(fileSystem, ImageMiB);
        foreach (string name in new[] { "/l", "/u", "/w" }) Directory.CreateDirectory(disk + name);
        using (FileStream file = File.Create(disk + "/l/big"))
            for (int written = 0; written < Size; written += Block.Length) file.Write(Block);
        var options = new OverlayOptions([disk + "/l"], disk + "/u", disk + "/w");
        mount = ProgramUnderTest.Mount(program.Length == 0 ? ProgramUnderTest.Path : program, options, disk + "/m");
    }

    [TearDown]
    public void Unmount()
    {
        mount?.Dispose();
        sandbox.Dispose();
    }

    [Test]
    public void CopyUp_OfALargeFile_TakesNoSpace()
    {
        long before = FreeSpace();
        Tool.Check(Syscall.chmod(disk + "/m/big", Mode.Octal(600)), "chmod");
        Assert.That(before - FreeSpace(), Is.LessThan(Little));
        Assert.That(new FileInfo(disk + "/u/big").Length, Is.EqualTo(Size));
    }

    [Test]
    public void CopyRange_OfAnUpperFile_TakesNoSpace()
    {
        int from = Open("big", O.RDWR), to = Open("copy", O.RDWR | O.CREAT);
        long before = FreeSpace();
        for (long done = 0; done < Size;)
        {
            (long source, long target) = (done, done);
            done += (long)Tool.Check(Libc.copy_file_range(from, ref source, to, ref target, (nuint)(Size - done), 0), "copy_file_range");
        }
        Assert.That(before - FreeSpace(), Is.LessThan(Little));
        Assert.That(Files.Read(to, 10, Size - 5), Is.EqualTo(Values.Bytes("xxxxx")));
        _ = Syscall.close(from);
        _ = Syscall.close(to);
    }

    private int Open(string name, O flags) =>
        (int)Tool.Check(Libc.openat(Libc.AT_FDCWD, Libc.Bytes($"{disk}/m/{name}"), flags | O.CLOEXEC, Mode.Bits(644)), "open " + name);

    private long FreeSpace()
    {
        Tool.Run("sync", "-f", disk);
        Tool.Check(Syscall.statvfs(disk, out Statvfs stat), "statvfs");
        return (long)(stat.f_bfree * stat.f_frsize);
    }
}
