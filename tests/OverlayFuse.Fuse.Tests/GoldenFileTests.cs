using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>
/// Requests on inodes and open files: bytes as the kernel sends them, what the file system is asked, bytes that the kernel gets.
/// </summary>
internal sealed class GoldenFileTests : DispatchTest
{
    [Test]
    public void GetAttr_WithHandle_IsDecodedAndAnswered() => Check(
        Golden.Request(3, """
            01 00 00 00 00 00 00 00 | getattr_flags, dummy
            0d f0 00 00 00 00 00 00 | fh
            """),
        "GetAttr 2 by 1000/100/4321: Handle fh=61453", Golden.Reply(Errno.None, GoldenReplies.AttrOut));

    [Test]
    public void SetAttr_EveryField_IsDecoded() => Check(
        Golden.Request(4, """
            ff 0f 00 00 00 00 00 00 | valid, padding
            01 00 00 00 00 00 00 00 | fh
            02 00 00 00 00 00 00 00 | size
            03 00 00 00 00 00 00 00 | lock_owner
            04 00 00 00 00 00 00 00 | atime
            05 00 00 00 00 00 00 00 | mtime
            06 00 00 00 00 00 00 00 | ctime
            07 00 00 00 08 00 00 00 | atimensec, mtimensec
            09 00 00 00 ed 81 00 00 | ctimensec, mode
            00 00 00 00 0a 00 00 00 | unused4, uid
            0b 00 00 00 00 00 00 00 | gid, unused5
            """),
        "SetAttr 2 by 1000/100/4321: Mode, Uid, Gid, Size, Atime, Mtime, Handle, AtimeNow, MtimeNow, LockOwner, Ctime, KillSuidGid " +
        "fh=1 size=2 owner=3 atime=4.7 mtime=5.8 ctime=6.9 mode=81ED 10/11", Golden.Reply(Errno.None, GoldenReplies.AttrOut));

    [Test]
    public void Statx_BirthTime_IsAnsweredWhereTheKernelReadsIt() => Check(
        Golden.Request(52, """
            00 00 00 00 00 00 00 00 | getattr_flags, reserved
            00 00 00 00 00 00 00 00 | fh
            00 20 00 00 00 08 00 00 | sx_flags, sx_mask STATX_BTIME
            """),
        "Statx 2 by 1000/100/4321: None fh=0 flags=2000 mask=Btime", Golden.Reply(Errno.None, """
            07 00 00 00 00 00 00 00 | attr_valid
            08 00 00 00 00 00 00 00 | attr_valid_nsec, flags
            00 00 00 00 00 00 00 00 | spare
            00 00 00 00 00 00 00 00 | spare
            00 08 00 00 00 00 00 00 | mask, blksize
            00 00 00 00 00 00 00 00 | attributes
            00 00 00 00 00 00 00 00 | nlink, uid
            00 00 00 00 00 00 00 00 | gid, mode, spare0
            00 00 00 00 00 00 00 00 | ino
            00 00 00 00 00 00 00 00 | size
            00 00 00 00 00 00 00 00 | blocks
            00 00 00 00 00 00 00 00 | attributes_mask
            00 00 00 00 00 00 00 00 | atime tv_sec
            00 00 00 00 00 00 00 00 | atime tv_nsec, reserved
            34 12 00 00 00 00 00 00 | btime tv_sec
            00 00 00 00 00 00 00 00 | btime tv_nsec, reserved
            00 00 00 00 00 00 00 00 | ctime tv_sec
            00 00 00 00 00 00 00 00 | ctime tv_nsec, reserved
            00 00 00 00 00 00 00 00 | mtime tv_sec
            00 00 00 00 00 00 00 00 | mtime tv_nsec, reserved
            00 00 00 00 00 00 00 00 | rdev_major, rdev_minor
            00 00 00 00 77 00 00 00 | dev_major, dev_minor

            """ + string.Concat(Enumerable.Repeat("00 00 00 00 00 00 00 00 | spare2\n", 14))));

    [Test]
    public void ReadLink_Target_HasNoNul() => Check(
        Golden.Request(5, ""), "ReadLink 2 by 1000/100/4321: room=4095", Golden.Reply(Errno.None, "74 61 72 67 65 74 | target"));

    [Test]
    public void Open_Flags_AreDecoded() => Check(
        Golden.Request(14, "01 02 00 00 01 00 00 00 | flags O_WRONLY O_TRUNC, open_flags KILL_SUIDGID"),
        "Open 2 by 1000/100/4321: WriteOnly, Truncate KillSuidGid", Golden.Reply(Errno.None, GoldenReplies.Open));

    [Test]
    public void Read_EveryField_IsDecodedAndDataAnswered() => Check(
        Golden.Request(15, """
            0d f0 00 00 00 00 00 00 | fh
            00 00 00 00 01 00 00 00 | offset
            00 10 00 00 02 00 00 00 | size, read_flags LOCKOWNER
            07 00 00 00 00 00 00 00 | lock_owner
            02 40 00 00 00 00 00 00 | flags O_RDWR O_DIRECT, padding
            """),
        "Read 2 by 1000/100/4321: fh=61453 offset=4294967296 size=4096 LockOwner owner=7 ReadWrite, Direct",
        Golden.Reply(Errno.None, "61 62 63 | data"));

    [Test]
    public void Write_EveryField_IsDecodedAndCountAnswered() => Check(
        Golden.Request(16, """
            0d f0 00 00 00 00 00 00 | fh
            00 00 00 00 01 00 00 00 | offset
            03 00 00 00 06 00 00 00 | size, write_flags LOCKOWNER KILL_SUIDGID
            07 00 00 00 00 00 00 00 | lock_owner
            01 04 00 00 00 00 00 00 | flags O_WRONLY O_APPEND, padding
            78 79 7a                | data
            """),
        "Write 2 by 1000/100/4321: fh=61453 offset=4294967296 size=3 LockOwner, KillSuidGid owner=7 WriteOnly, Append data=xyz",
        Golden.Reply(Errno.None, "03 00 00 00 00 00 00 00 | size, padding"));

    [Test]
    public void StatFs_EveryField_IsAnswered() => Check(
        Golden.Request(17, ""), "StatFs 2 by 1000/100/4321: ", Golden.Reply(Errno.None, """
            01 00 00 00 00 00 00 00 | blocks
            02 00 00 00 00 00 00 00 | bfree
            03 00 00 00 00 00 00 00 | bavail
            04 00 00 00 00 00 00 00 | files
            05 00 00 00 00 00 00 00 | ffree
            06 00 00 00 07 00 00 00 | bsize, namelen
            08 00 00 00 00 00 00 00 | frsize, padding
            00 00 00 00 00 00 00 00 | spare
            00 00 00 00 00 00 00 00 | spare
            00 00 00 00 00 00 00 00 | spare
            """));

    [Test]
    public void ReleaseFSyncFlush_Fields_AreDecoded()
    {
        Check(Golden.Request(18, """
            0d f0 00 00 00 00 00 00 | fh
            02 80 00 00 03 00 00 00 | flags, release_flags
            05 00 00 00 00 00 00 00 | lock_owner
            """), "Release 2 by 1000/100/4321: fh=61453 ReadWrite, LargeFile Flush, FlockUnlock owner=5", Golden.Reply(Errno.None));
        Check(Golden.Request(20, """
            0d f0 00 00 00 00 00 00 | fh
            00 00 00 00 00 00 00 00 | fsync_flags, padding
            """), "FSync 2 by 1000/100/4321: fh=61453 None", Golden.Reply(Errno.None));
        Check(Golden.Request(25, """
            0d f0 00 00 00 00 00 00 | fh
            00 00 00 00 00 00 00 00 | unused, padding
            06 00 00 00 00 00 00 00 | lock_owner
            """), "Flush 2 by 1000/100/4321: fh=61453 owner=6", Golden.Reply(Errno.None));
    }

    [Test]
    public void SetXattr_LongStruct_IsDecoded() => Check(
        Golden.Request(21, """
            03 00 00 00 01 00 00 00 | size, flags XATTR_CREATE
            01 00 00 00 00 00 00 00 | setxattr_flags ACL_KILL_SGID, padding
            75 2e 61 00             | name
            31 32 33                | value
            """),
        "SetXattr 2 by 1000/100/4321: u.a=123 Create AclKillSgid", Golden.Reply(Errno.None));

    [Test]
    public void SetXattr_KernelWithoutTheLongStruct_IsDecoded()
    {
        Dispatcher = new Dispatcher(FileSystem).Initialize(minor: 31, flags: 0x0FFF_FFFF);
        Check(Golden.Request(21, """
            03 00 00 00 02 00 00 00 | size, flags XATTR_REPLACE
            75 2e 61 00             | name
            31 32 33                | value
            """), "SetXattr 2 by 1000/100/4321: u.a=123 Replace None", Golden.Reply(Errno.None));
    }

    [Test]
    public void GetXattr_WithAndWithoutRoom_AnswersValueOrLength()
    {
        Check(Golden.Request(22, "40 00 00 00 00 00 00 00 | size, padding\n75 2e 61 00 | name"),
            "GetXattr 2 by 1000/100/4321: u.a room=64", Golden.Reply(Errno.None, "76 61 6c 75 65 | value"));
        Check(Golden.Request(22, "00 00 00 00 00 00 00 00 | size, padding\n75 2e 61 00 | name"),
            "GetXattr 2 by 1000/100/4321: u.a room=0", Golden.Reply(Errno.None, "05 00 00 00 00 00 00 00 | size, padding"));
        Check(Golden.Request(22, "04 00 00 00 00 00 00 00 | size, padding\n75 2e 61 00 | name"),
            "GetXattr 2 by 1000/100/4321: u.a room=4", Golden.Reply(Errno.ERANGE));
    }

    [Test]
    public void ListAndRemoveXattr_Fields_AreDecoded()
    {
        Check(Golden.Request(23, "40 00 00 00 00 00 00 00 | size, padding"),
            "ListXattr 2 by 1000/100/4321: room=64", Golden.Reply(Errno.None, "75 73 65 72 2e 61 62 00 | names"));
        Check(Golden.Request(23, "00 00 00 00 00 00 00 00 | size, padding"),
            "ListXattr 2 by 1000/100/4321: room=0", Golden.Reply(Errno.None, "08 00 00 00 00 00 00 00 | size, padding"));
        Check(Golden.Request(24, "75 2e 61 00 | name"), "RemoveXattr 2 by 1000/100/4321: u.a", Golden.Reply(Errno.None));
    }

    [Test]
    public void Access_Mask_IsDecoded() =>
        Check(Golden.Request(34, "06 00 00 00 00 00 00 00 | mask, padding"), "Access 2 by 1000/100/4321: mask=6", Golden.Reply(Errno.None));

    [Test]
    public void IoCtl_DataInAndOut_IsPassedAndUnfilledAnswerIsZero() => Check(
        Golden.Request(39, """
            0d f0 00 00 00 00 00 00 | fh
            10 00 00 00 01 66 08 80 | flags DIR, cmd
            00 10 fe ca 00 00 00 00 | arg
            02 00 00 00 08 00 00 00 | in_size, out_size
            68 69                   | data
            """),
        "IoCtl 2 by 1000/100/4321: fh=61453 Directory command=80086601 argument=CAFE1000 data=hi room=8", Golden.Reply(Errno.None, """
            09 00 00 00 00 00 00 00 | result, flags
            00 00 00 00 00 00 00 00 | in_iovs, out_iovs
            5a 00 00 00 00 00 00 00 | data
            """));

    [Test]
    public void FAllocateAndLSeek_Fields_AreDecoded()
    {
        Check(Golden.Request(43, """
            0d f0 00 00 00 00 00 00 | fh
            00 10 00 00 00 00 00 00 | offset
            00 20 00 00 00 00 00 00 | length
            03 00 00 00 00 00 00 00 | mode, padding
            """), "FAllocate 2 by 1000/100/4321: fh=61453 offset=4096 length=8192 mode=3", Golden.Reply(Errno.None));
        Check(Golden.Request(46, """
            0d f0 00 00 00 00 00 00 | fh
            00 10 00 00 00 00 00 00 | offset
            04 00 00 00 00 00 00 00 | whence SEEK_HOLE, padding
            """), "LSeek 2 by 1000/100/4321: fh=61453 offset=4096 Hole", Golden.Reply(Errno.None, "00 40 00 00 00 00 00 00 | offset"));
    }

    [TestCase(47u, "CopyFileRange", "00 00 ff ff 00 00 00 00 | size, padding", 0xFFFF0000)]
    [TestCase(53u, "CopyFileRange64", "00 00 00 00 02 00 00 00 | bytes_copied", 0x200000000)]
    public void CopyFileRange_MoreThan32Bits_IsCutToWhatTheReplyCanTell(uint opcode, string name, string reply, long length) => Check(
        Golden.Request(opcode, """
            01 00 00 00 00 00 00 00 | fh_in
            02 00 00 00 00 00 00 00 | off_in
            03 00 00 00 00 00 00 00 | nodeid_out
            04 00 00 00 00 00 00 00 | fh_out
            05 00 00 00 00 00 00 00 | off_out
            00 00 00 00 02 00 00 00 | len
            00 00 00 00 00 00 00 00 | flags
            """),
        $"{name} 2 by 1000/100/4321: fh=1@2 -> 3 fh=4@5 length={length} flags=0", Golden.Reply(Errno.None, reply));

    [Test]
    public void SyncFs_Message_IsAnswered() =>
        Check(Golden.Request(50, "00 00 00 00 00 00 00 00 | padding"), "SyncFs 2 by 1000/100/4321: ", Golden.Reply(Errno.None));

    [TestCase(31u, TestName = "GetLk_NotClaimed_AnswersENOSYS")]
    [TestCase(37u, TestName = "BMap_NoBlockDevice_AnswersENOSYS")]
    [TestCase(40u, TestName = "Poll_NotServed_AnswersENOSYS")]
    [TestCase(48u, TestName = "SetupMapping_NoVirtiofs_AnswersENOSYS")]
    [TestCase(54u, TestName = "Opcode54_OfANewerKernel_AnswersENOSYS")]
    [TestCase(0u, TestName = "Opcode0_Unknown_AnswersENOSYS")]
    [TestCase(4096u, TestName = "CuseInit_NoCuse_AnswersENOSYS")]
    public void Opcode_NotServed_AnswersENOSYS(uint opcode) =>
        Dispatcher.Expect(Golden.Request(opcode, new byte[64]), Golden.Reply(Errno.ENOSYS));

    [Test]
    public void Destroy_Message_IsAnswered() => Dispatcher.Expect(Golden.Request(38, ""), Golden.Reply(Errno.None));

    [Test]
    public void NotifyReply_Message_IsIgnored() => Assert.That(Dispatcher.Send(Golden.Request(41, new byte[40])), Is.Empty);

    [TestCase(512)]
    [TestCase(524)]
    [TestCase(-1)]
    [TestCase(int.MinValue)]
    public void Reply_ErrorThatTheKernelRefuses_BecomesEIO(int errno)
    {
        FileSystem.Answer = (Errno)errno;
        Dispatcher.Expect(Golden.Request(10, "66 00"), Golden.Reply(Errno.EIO));
    }
}
