using OverlayFuse.Linux.Tests.Support;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Linux.Tests;

/// <summary>Reading, writing, holes, copies.</summary>
internal sealed class IoTests : DiskTest
{
    private const int Block = 64 << 10;

    [Test]
    public void PRead_OverTheEnd_GivesWhatIsThereThenNothing()
    {
        Write("file", "0123456789");
        using var file = new ScopedFd(Open("file", OpenFlags.ReadOnly));
        byte[] data = new byte[8];
        Assert.That((Sys.PRead(file, data, 6, out int count), count), Is.EqualTo((Errno.None, 4)));
        Assert.That(data[..4], Is.EqualTo("6789"u8.ToArray()));
        Assert.That((Sys.PRead(file, data, 10, out count), count), Is.EqualTo((Errno.None, 0)));
    }

    [Test]
    public void PWrite_BehindTheEnd_LeavesZerosBetween()
    {
        using var file = new ScopedFd(Open("file", OpenFlags.WriteOnly | OpenFlags.Create));
        Assert.That((Sys.PWrite(file, "x"u8, 5_000_000_000, out int count), count), Is.EqualTo((Errno.None, 1)));
        Assert.That((Stat("file").st_size, Stat("file").st_blocks), Is.EqualTo((5_000_000_001L, 8L)));
    }

    /// <summary>A full pipe takes a part of what is written; the rest is the caller's business.</summary>
    [Test]
    public void WriteDevice_ToAFullPipe_TellsEAgain()
    {
        Assert.That(Sys.Pipe(out Fd read, out Fd write), Is.EqualTo(Errno.None));
        using var reader = new ScopedFd(read);
        using var writer = new ScopedFd(write);
        Assert.That(Mono.Unix.Native.Syscall.fcntl(write.Number, Mono.Unix.Native.FcntlCommand.F_SETFL, 0x800), Is.Zero);
        Assert.That(Sys.WriteDevice(writer, new byte[Block]), Is.EqualTo(Errno.None));
        Assert.That(Sys.WriteDevice(writer, "more"u8), Is.EqualTo(Errno.EAGAIN));
    }

    [Test]
    public void Write_NoSpaceLeft_IsENoSpc()
    {
        using var full = new ScopedFd(Open(Fd.WorkingDirectory, "/dev/full", OpenFlags.WriteOnly));
        Assert.That((Sys.Write(full, "x"u8, out int count), count), Is.EqualTo((Errno.ENOSPC, 0)));
    }

    /// <summary>Others write to the same place: after what is there, and what follows comes after ours.</summary>
    [Test]
    public void Write_Twice_GoesOnWhereItWas()
    {
        using var file = new ScopedFd(Open("file", OpenFlags.WriteOnly | OpenFlags.Create));
        Assert.That((Sys.Write(file, "01"u8, out int count), count), Is.EqualTo((Errno.None, 2)));
        Assert.That((Sys.Write(file, "2"u8, out count), count), Is.EqualTo((Errno.None, 1)));
        Assert.That(Sys.LSeek(file, 0, Whence.Current, out long position), Is.EqualTo(Errno.None));
        Assert.That(position, Is.EqualTo(3));
    }

    [Test]
    public void PWrite_NoSpaceLeft_IsENoSpc()
    {
        using var full = new ScopedFd(Open(Fd.WorkingDirectory, "/dev/full", OpenFlags.WriteOnly));
        Assert.That((Sys.PWrite(full, "x"u8, 0, out int count), count), Is.EqualTo((Errno.ENOSPC, 0)));
    }

    [Test]
    public void AnyTransfer_WrongDescriptor_IsEBadF()
    {
        Write("file", "content");
        using var file = new ScopedFd(Open("file", OpenFlags.ReadOnly));
        Assert.Multiple(() =>
        {
            using var readOnly = new ScopedFd(Open("file", OpenFlags.ReadOnly));
            Assert.That(Sys.PRead(Fd.None, new byte[1], 0, out _), Is.EqualTo(Errno.EBADF));
            Assert.That(Sys.PWrite(readOnly, "x"u8, 0, out _), Is.EqualTo(Errno.EBADF));
            Assert.That(Sys.FTruncate(readOnly, 0), Is.EqualTo(Errno.EINVAL));
            Assert.That(Sys.FSync(Fd.None), Is.EqualTo(Errno.EBADF));
            Assert.That(Sys.FSync(Fd.None, dataOnly: true), Is.EqualTo(Errno.EBADF));
            Assert.That(Sys.SyncFs(Fd.None), Is.EqualTo(Errno.EBADF));
            Assert.That(Sys.FAllocate(readOnly, 0, 0, 1), Is.EqualTo(Errno.EBADF));
            Assert.That(Sys.LSeek(Fd.None, 0, Whence.Set, out _), Is.EqualTo(Errno.EBADF));
            Assert.That(Sys.CopyFileRange(readOnly, 0, readOnly, 0, 1, out _), Is.EqualTo(Errno.EBADF));
        });
    }

    [Test]
    public void FSync_OpenFile_IsDone()
    {
        using var file = new ScopedFd(Open("file", OpenFlags.WriteOnly | OpenFlags.Create));
        Assert.That((Sys.FSync(file), Sys.FSync(file, dataOnly: true), Sys.SyncFs(file)), Is.EqualTo((Errno.None, Errno.None, Errno.None)));
    }

    [Test]
    public void LSeek_DataAndHole_FindTheExtents()
    {
        using var file = new ScopedFd(Open("sparse", OpenFlags.ReadWrite | OpenFlags.Create));
        Assert.That(Sys.FTruncate(file, 4 * Block), Is.EqualTo(Errno.None));
        Assert.That(Sys.PWrite(file, new byte[Block], Block, out _), Is.EqualTo(Errno.None));
        Assert.That((Sys.LSeek(file, 0, Whence.Data, out long data), data), Is.EqualTo((Errno.None, (long)Block)));
        Assert.That((Sys.LSeek(file, data, Whence.Hole, out long hole), hole), Is.EqualTo((Errno.None, 2L * Block)));
        Assert.That(Sys.LSeek(file, hole, Whence.Data, out _), Is.EqualTo(Errno.ENXIO));
        Assert.That((Sys.LSeek(file, -1, Whence.End, out long end), end), Is.EqualTo((Errno.None, 4L * Block - 1)));
        Assert.That(Sys.LSeek(file, -1, Whence.Set, out _), Is.EqualTo(Errno.EINVAL));
    }

    [Test]
    public void Truncate_SizeThatItHas_IsNoChangeOnBtrfsAndFTruncateIsOne()
    {
        string disk = Sandbox.MakeFileSystem("btrfs", 128);
        File.WriteAllText(disk + "/file", "content");
        File.SetLastWriteTimeUtc(disk + "/file", DateTime.UnixEpoch);
        using var root = new ScopedFd(OpenDirectory(disk));
        using var file = new ScopedFd(Open(root, "file", OpenFlags.WriteOnly));
        Assert.That((Sys.Truncate(file, 7), File.GetLastWriteTimeUtc(disk + "/file")), Is.EqualTo((Errno.None, DateTime.UnixEpoch)));
        Assert.That((Sys.Truncate(file, 3), File.ReadAllText(disk + "/file")), Is.EqualTo((Errno.None, "con")));
        File.SetLastWriteTimeUtc(disk + "/file", DateTime.UnixEpoch);
        Assert.That(Sys.FTruncate(file, 3), Is.EqualTo(Errno.None));
        Assert.That(File.GetLastWriteTimeUtc(disk + "/file"), Is.Not.EqualTo(DateTime.UnixEpoch));
        Assert.That(Sys.Truncate(Fd.None, 0), Is.EqualTo(Errno.ENOENT));
    }

    /// <summary>Modes as in linux/falloc.h: 0 allocate, 1 keep the size, 2 punch a hole, 0x10 zero.</summary>
    [TestCase(0, 2 * Block, 2 * Block)]
    [TestCase(1, Block, 2 * Block)]
    [TestCase(3, Block, 0)]
    [TestCase(0x11, Block, 2 * Block)]
    public void FAllocate_EachMode_ChangesSizeAndBlocks(int mode, long size, long allocated)
    {
        using var file = new ScopedFd(Open("file", OpenFlags.ReadWrite | OpenFlags.Create));
        Assert.That(Sys.PWrite(file, new byte[Block], 0, out _), Is.EqualTo(Errno.None));
        Assert.That(Sys.FAllocate(file, mode, 0, 2 * Block), Is.EqualTo(Errno.None));
        Assert.That((Stat("file").st_size, Stat("file").st_blocks * 512), Is.EqualTo((size, allocated)));
    }

    [TestCase(0x80)]
    [TestCase(2)]
    public void FAllocate_UnknownMode_IsEOpNotSupp(int mode)
    {
        using var file = new ScopedFd(Open("file", OpenFlags.ReadWrite | OpenFlags.Create));
        Assert.That(Sys.FAllocate(file, mode, 0, 10), Is.EqualTo(Errno.EOPNOTSUPP));
    }

    [Test]
    public void CopyFileRange_OverTheEnd_CopiesWhatIsThereThenNothing()
    {
        Write("from", "0123456789");
        using var from = new ScopedFd(Open("from", OpenFlags.ReadOnly));
        using var to = new ScopedFd(Open("to", OpenFlags.WriteOnly | OpenFlags.Create));
        Assert.That((Sys.CopyFileRange(from, 4, to, 2, 100, out long copied), copied), Is.EqualTo((Errno.None, 6L)));
        Assert.That((Sys.CopyFileRange(from, 10, to, 2, 100, out copied), copied), Is.EqualTo((Errno.None, 0L)));
        Assert.That(File.ReadAllText(At("to")), Is.EqualTo("\0\0456789"));
    }

    [Test]
    public void CopyFileRange_OverlappingInOneFile_IsEInval()
    {
        Write("file", "0123456789");
        using var file = new ScopedFd(Open("file", OpenFlags.ReadWrite));
        Assert.That(Sys.CopyFileRange(file, 0, file, 2, 5, out _), Is.EqualTo(Errno.EINVAL));
    }

    [TestCase("ext4", 32, Errno.EOPNOTSUPP)]
    [TestCase("xfs", 320, Errno.None)]
    [TestCase("btrfs", 128, Errno.None)]
    public void Clone_ByFileSystem_SharesTheBlocksOrIsEOpNotSupp(string type, int sizeMiB, Errno expected)
    {
        string mountpoint = Sandbox.MakeFileSystem(type, sizeMiB);
        using var root = new ScopedFd(OpenDirectory(mountpoint));
        using var from = new ScopedFd(Open(root, "from", OpenFlags.ReadWrite | OpenFlags.Create));
        using var to = new ScopedFd(Open(root, "to", OpenFlags.WriteOnly | OpenFlags.Create));
        byte[] content = [.. Enumerable.Range(0, 4 * Block).Select(i => (byte)(i * 7))];
        Assert.That(Sys.PWrite(from, content, 0, out _), Is.EqualTo(Errno.None));
        Assert.That(Sys.Clone(from, to), Is.EqualTo(expected));
        Assert.That(File.ReadAllBytes(mountpoint + "/to"), Is.EqualTo(expected == Errno.None ? content : []));
        if (expected == Errno.None)
            Assert.That(Tool.Run("filefrag", "-v", mountpoint + "/to"), Does.Contain("shared"));
    }

    [Test]
    public void Clone_AcrossFileSystems_IsEXDev()
    {
        using var root = new ScopedFd(OpenDirectory(Sandbox.MakeFileSystem("xfs", 320)));
        using var from = new ScopedFd(Open("from", OpenFlags.ReadWrite | OpenFlags.Create));
        using var to = new ScopedFd(Open(root, "to", OpenFlags.WriteOnly | OpenFlags.Create));
        Assert.That(Sys.Clone(from, to), Is.EqualTo(Errno.EXDEV));
    }

    [Test]
    public void IoCtl_FileAttributes_AreThoseOfLsattr()
    {
        Write("file");
        Tool.Run("chattr", "+d", At("file"));
        using var file = new ScopedFd(Open("file", OpenFlags.ReadOnly));
        byte[] flags = new byte[8];
        Assert.That(Sys.IoCtl(file, Mount.Tests.Harness.Libc.FS_IOC_GETFLAGS, flags), Is.EqualTo(Errno.None));
        Assert.That(flags[0] & 0x40, Is.EqualTo(0x40), "FS_NODUMP_FL");
        Assert.That(Sys.IoCtl(file, 0x1234, flags), Is.EqualTo(Errno.ENOTTY));
    }
}
