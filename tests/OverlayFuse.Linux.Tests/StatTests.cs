using Mono.Unix.Native;
using OverlayFuse.Linux.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests;

/// <summary>statx(2) and statfs(2), beside what lstat(2) and statvfs(3) say.</summary>
internal sealed class StatTests : DiskTest
{
    [TestCase(FileType.Regular, 0u, 0u)]
    [TestCase(FileType.Fifo, 0u, 0u)]
    [TestCase(FileType.Socket, 0u, 0u)]
    [TestCase(FileType.CharacterDevice, 0u, 0u)]
    [TestCase(FileType.CharacterDevice, 1u, 3u)]
    [TestCase(FileType.BlockDevice, 259u, 1048575u)]
    [TestCase(FileType.CharacterDevice, 4095u, 256u)]
    public void StatxAt_EachType_SaysWhatLstatSays(FileType type, uint major, uint minor)
    {
        if (type is FileType.CharacterDevice or FileType.BlockDevice)
            Tool.Run("mknod", At("node"), type == FileType.BlockDevice ? "b" : "c", $"{major}", $"{minor}");
        else
            Assert.That(Sys.MkNodAt(Root, Name.From("node"), (uint)type | 0x1A4, 0), Is.EqualTo(Errno.None));
        Assert.That(Syscall.lchown(At("node"), 70000, 80000), Is.Zero);
        Assert.That(Syscall.chmod(At("node"), Mode.Octal(4711)), Is.Zero);
        Assert.That(Files.SetTimes(At("node"), -5_000_000_000, 4_000_000_000, 987_654_321), Is.Zero);
        Assert.That(Sys.StatxAt(Root, Name.From("node"), out Statx stat), Is.EqualTo(Errno.None));
        AssertSame(stat, Stat("node"));
        Assert.That(stat.IsWhiteout, Is.EqualTo(type == FileType.CharacterDevice && major == 0 && minor == 0));
        Assert.That((stat.Type, stat.RdevMajor, stat.RdevMinor), Is.EqualTo((type, major, minor)));
    }

    [Test]
    public void StatxAt_SymbolicLink_IsNotFollowed()
    {
        File.CreateSymbolicLink(At("link"), "nowhere");
        Assert.That(Sys.StatxAt(Root, Name.From("link"), out Statx stat), Is.EqualTo(Errno.None));
        AssertSame(stat, Stat("link"));
        Assert.That((stat.Type, stat.Size), Is.EqualTo((FileType.SymLink, 7ul)));
    }

    [Test]
    public void FStatx_OpenedByPath_IsTheFileItself([Values("file", "link", "directory")] string name)
    {
        Write("file", "content");
        File.CreateSymbolicLink(At("link"), "file");
        Directory.CreateDirectory(At("directory"));
        using var opened = new ScopedFd(Open(name, OpenFlags.Path | OpenFlags.NoFollow));
        Assert.That(Sys.FStatx(opened, out Statx stat), Is.EqualTo(Errno.None));
        AssertSame(stat, Stat(name));
        Assert.That((stat.IsDirectory, stat.IsRegular), Is.EqualTo((name == "directory", name == "file")));
    }

    [Test]
    public void StatxAt_Unreachable_IsToldApart()
    {
        Write("file");
        Assert.Multiple(() =>
        {
            Assert.That(Sys.StatxAt(Root, Name.From("absent"), out _), Is.EqualTo(Errno.ENOENT));
            Assert.That(Sys.StatxAt(Root, Name.From("file/x"), out _), Is.EqualTo(Errno.ENOTDIR));
            Assert.That(Sys.StatxAt(Root, Name.From(new string('n', 256)), out _), Is.EqualTo(Errno.ENAMETOOLONG));
            Assert.That(Sys.FStatx(new Fd(99999), out _), Is.EqualTo(Errno.EBADF));
        });
    }

    [TestCase("+i", StatxAttributes.Immutable)]
    [TestCase("+a", StatxAttributes.Append)]
    public void StatxAt_ChattrFlags_AreSeen(string flag, StatxAttributes expected)
    {
        Write("file");
        Tool.Run("chattr", flag, At("file"));
        Errno error = Sys.StatxAt(Root, Name.From("file"), out Statx stat);
        Tool.Run("chattr", flag.Replace('+', '-'), At("file"));
        Assert.That((error, stat.Attributes & (StatxAttributes.Immutable | StatxAttributes.Append)), Is.EqualTo((Errno.None, expected)));
    }

    [Test]
    public void StatxAt_RootOfAMount_SaysSo()
    {
        using var root = new ScopedFd(OpenDirectory(Sandbox.MakeFileSystem("ext4", 32)));
        Assert.That(Sys.FStatx(root, out Statx stat, StatxMask.BasicStats | StatxMask.MountId), Is.EqualTo(Errno.None));
        Assert.That(stat.Attributes & StatxAttributes.MountRoot, Is.EqualTo(StatxAttributes.MountRoot));
        string line = File.ReadLines("/proc/self/mountinfo").Single(line => line.Contains(Sandbox.Root, StringComparison.Ordinal));
        Assert.That(line, Does.StartWith(stat.MountId + " "));
    }

    [Test]
    public void FStatFs_MountedFileSystem_SaysWhatStatvfsSays()
    {
        string mountpoint = Sandbox.MakeFileSystem("ext4", 32);
        using var root = new ScopedFd(OpenDirectory(mountpoint));
        Assert.That(Sys.FStatFs(root, out StatFs ours), Is.EqualTo(Errno.None));
        Assert.That(Syscall.statvfs(mountpoint, out Statvfs expected), Is.Zero);
        Assert.That(
            (ours.Blocks, ours.BlocksFree, ours.BlocksAvailable, ours.Files, ours.FilesFree, (ulong)ours.BlockSize, (ulong)ours.NameLength,
                (ulong)ours.FragmentSize),
            Is.EqualTo((expected.f_blocks, expected.f_bfree, expected.f_bavail, expected.f_files, expected.f_ffree, expected.f_bsize,
                expected.f_namemax, expected.f_frsize)));
        Assert.That(ours.Type, Is.EqualTo(0xEF53), "EXT4_SUPER_MAGIC");
    }

    [TestCase("ext4", 32)]
    [TestCase("xfs", 320)]
    [TestCase("btrfs", 128)]
    public void GetFileSystemUuid_OfADisk_IsTheOneOnIt(string type, int sizeMiB)
    {
        string mountpoint = Sandbox.MakeFileSystem(type, sizeMiB);
        using var root = new ScopedFd(OpenDirectory(mountpoint));
        byte[] uuid = new byte[16];
        byte[] byType = new byte[16];
        Assert.That((Sys.GetFileSystemUuid(root, uuid), Sys.GetFileSystemUuidByType(root, byType)), Is.EqualTo((Errno.None, Errno.None)));
        string onDisk = Tool.Run("findmnt", "-no", "UUID", mountpoint).Trim().Replace("-", "", StringComparison.Ordinal);
        Assert.That(Convert.ToHexString(uuid), Is.EqualTo(onDisk).IgnoreCase);
        Assert.That(byType, Is.EqualTo(uuid), "as kernels before 6.9 tell it");
    }

    /// <summary>Of xfs, which has such ids without being asked to.</summary>
    [Test]
    public void GetProject_OfADirectory_IsWhatWasSet()
    {
        string mountpoint = Sandbox.MakeFileSystem("xfs", 320);
        Directory.CreateDirectory(Path.Combine(mountpoint, "d"));
        Tool.Run("chattr", "+P", "-p", "77", Path.Combine(mountpoint, "d"));
        using var root = new ScopedFd(OpenDirectory(mountpoint));
        using var directory = new ScopedFd(OpenDirectory(Path.Combine(mountpoint, "d")));
        Assert.That((Sys.GetProject(root, out uint project, out bool isInherited), project, isInherited),
            Is.EqualTo((Errno.None, 0u, false)));
        Assert.That((Sys.GetProject(directory, out project, out isInherited), project, isInherited), Is.EqualTo((Errno.None, 77u, true)));
    }

    [Test]
    public void GetFileSystemUuid_WhereThereIsNone_IsENoTty()
    {
        using var proc = new ScopedFd(OpenDirectory("/proc/self"));
        Assert.That(Sys.GetFileSystemUuid(proc, new byte[16]), Is.EqualTo(Errno.ENOTTY));
    }

    private static void AssertSame(in Statx ours, Stat expected)
    {
        Assert.That(
            (ours.Ino, ours.Dev, (ulong)ours.Mode, ours.Nlink, ours.Uid, ours.Gid, ours.Rdev),
            Is.EqualTo((expected.st_ino, expected.st_dev, NativeConvert.FromFilePermissions(expected.st_mode), expected.st_nlink,
                expected.st_uid, expected.st_gid, expected.st_rdev)));
        Assert.That(
            ((long)ours.Size, (long)ours.Blocks, (long)ours.BlockSize),
            Is.EqualTo((expected.st_size, expected.st_blocks, expected.st_blksize)));
        Assert.That(
            (ours.Atime.Seconds, (long)ours.Atime.Nanoseconds, ours.Mtime.Seconds, (long)ours.Mtime.Nanoseconds, ours.Ctime.Seconds,
                (long)ours.Ctime.Nanoseconds),
            Is.EqualTo((expected.st_atime, expected.st_atime_nsec, expected.st_mtime, expected.st_mtime_nsec, expected.st_ctime,
                expected.st_ctime_nsec)));
    }
}
