using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>Requests on names: bytes as the kernel sends them, what the file system is asked, bytes that the kernel gets.</summary>
internal sealed class GoldenNameTests : DispatchTest
{
    [Test]
    public void Lookup_WholeMessage_IsDecodedAndAnswered()
    {
        byte[] request = Golden.Bytes("""
            2c 00 00 00 01 00 00 00 | len, opcode
            0d 0c 0b 0a 00 00 00 00 | unique
            02 00 00 00 00 00 00 00 | nodeid
            e8 03 00 00 64 00 00 00 | uid, gid
            e1 10 00 00 00 00 00 00 | pid, total_extlen, padding
            61 62 63 00             | name
            """);
        byte[] reply = Golden.Bytes("""
            90 00 00 00 00 00 00 00 | len, error
            0d 0c 0b 0a 00 00 00 00 | unique

            """ + GoldenReplies.Entry);
        Check(request, "Lookup 2 by 1000/100/4321: abc", reply);
    }

    [Test]
    public void Lookup_Refused_AnswersNegativeErrnoAndNoBody()
    {
        FileSystem.Answer = Errno.ENOENT;
        Dispatcher.Expect(Golden.Request(1, "61 00 | name"), Golden.Bytes("""
            10 00 00 00 fe ff ff ff | len, error -2
            0d 0c 0b 0a 00 00 00 00 | unique
            """));
    }

    [Test]
    public void Lookup_NameOf255Bytes_IsUntouched()
    {
        byte[] name = [.. Enumerable.Repeat((byte)0x7A, 255), 0];
        Dispatcher.Send(Golden.Request(1, name));
        Assert.That(FileSystem.Last, Does.EndWith(": " + new string('z', 255)));
    }

    [Test]
    public void Forget_OneInode_GivesReferencesBackUnanswered() =>
        Check(Golden.Request(2, "05 00 00 00 00 00 00 00 | nlookup"), "Forget 2 5", []);

    [Test]
    public void BatchForget_TwoInodes_GivesBothBackUnanswered()
    {
        byte[] request = Golden.Request(42, """
            02 00 00 00 00 00 00 00 | count, dummy
            07 00 00 00 00 00 00 00 | nodeid
            01 00 00 00 00 00 00 00 | nlookup
            08 00 00 00 00 00 00 00 | nodeid
            03 00 00 00 00 00 00 00 | nlookup
            """);
        Assert.That(Dispatcher.Send(request), Is.Empty);
        Assert.That(FileSystem.Calls, Is.EqualTo(new[] { "Forget 7 1", "Forget 8 3" }));
    }

    [Test]
    public void SymLink_NameAndTarget_AreTakenInOrder() =>
        Check(Golden.Request(6, "6c 00 | name\n2f 74 00 | target"), "SymLink 2 by 1000/100/4321: l -> /t",
            Golden.Reply(Errno.None, GoldenReplies.Entry));

    [Test]
    public void MkNod_Device_IsDecoded() => Check(
        Golden.Request(8, """
            80 21 00 00 03 01 00 00 | mode, rdev
            12 00 00 00 00 00 00 00 | umask, padding
            64 00                   | name
            """),
        "MkNod 2 by 1000/100/4321: d mode=2180 rdev=103 umask=12", Golden.Reply(Errno.None, GoldenReplies.Entry));

    [Test]
    public void MkDir_ModeAndUmask_AreDecoded() => Check(
        Golden.Request(9, """
            ff 05 00 00 12 00 00 00 | mode, umask
            64 69 72 00             | name
            """),
        "MkDir 2 by 1000/100/4321: dir mode=5FF umask=12", Golden.Reply(Errno.None, GoldenReplies.Entry));

    [Test]
    public void MkDir_GroupAndLabelExtensions_ReachTheRequest() => Check(
        Golden.Request(9, """
            ff 01 00 00 00 00 00 00 | mode, umask
            64 00                   | name
            28 00 00 00 01 00 00 00 | secctx_header: size, nr_secctx
            03 00 00 00 00 00 00 00 | secctx: size, padding
            73 65 63 75 72 69 74 79 | security
            2e 73 65 6c 69 6e 75 78 | .selinux
            00 61 3a 62 00 00 00 00 | NUL, a:b
            10 00 00 00 20 00 00 00 | ext_header: size, type GROUPS
            01 00 00 00 de 00 00 00 | nr_groups, group
            """, extensionUnits: 7),
        "MkDir 2 by 1000/100/4321: d mode=1FF umask=0 group=222 security.selinux=a:b", Golden.Reply(Errno.None, GoldenReplies.Entry));

    [Test]
    public void MkDir_EmptyLabelHeader_IsNoLabel() => Check(
        Golden.Request(9, """
            ff 01 00 00 00 00 00 00 | mode, umask
            64 00                   | name
            08 00 00 00 00 00 00 00 | secctx_header: size, nr_secctx
            """, extensionUnits: 1),
        "MkDir 2 by 1000/100/4321: d mode=1FF umask=0", Golden.Reply(Errno.None, GoldenReplies.Entry));

    [Test]
    public void Unlink_Name_IsDecoded() => Check(Golden.Request(10, "66 00"), "Unlink 2 by 1000/100/4321: f", Golden.Reply(Errno.None));

    [Test]
    public void RmDir_Name_IsDecoded() => Check(Golden.Request(11, "66 00"), "RmDir 2 by 1000/100/4321: f", Golden.Reply(Errno.None));

    [Test]
    public void Rename_OldMessage_HasNoFlags() => Check(
        Golden.Request(12, """
            03 00 00 00 00 00 00 00 | newdir
            61 00 62 00             | names
            """),
        "Rename 2 by 1000/100/4321: a -> 3/b None", Golden.Reply(Errno.None));

    [Test]
    public void Rename2_Exchange_IsDecoded() => Check(
        Golden.Request(45, """
            03 00 00 00 00 00 00 00 | newdir
            02 00 00 00 00 00 00 00 | flags, padding
            61 00 62 00             | names
            """),
        "Rename2 2 by 1000/100/4321: a -> 3/b Exchange", Golden.Reply(Errno.None));

    [Test]
    public void Link_OldInode_IsDecoded() => Check(
        Golden.Request(13, """
            09 00 00 00 00 00 00 00 | oldnodeid
            6e 00                   | name
            """),
        "Link 2 by 1000/100/4321: 9 as n", Golden.Reply(Errno.None, GoldenReplies.Entry));

    [Test]
    public void Create_FlagsAndModes_AreDecodedAndBothStructsAnswered() => Check(
        Golden.Request(35, """
            42 82 00 00 a4 81 00 00 | flags O_RDWR O_CREAT O_TRUNC O_LARGEFILE, mode
            12 00 00 00 01 00 00 00 | umask, open_flags KILL_SUIDGID
            66 00                   | name
            """),
        "Create 2 by 1000/100/4321: f ReadWrite, Create, Truncate, LargeFile mode=81A4 umask=12 KillSuidGid",
        Golden.Reply(Errno.None, GoldenReplies.EntryAndOpen));

    [Test]
    public void TmpFile_NamedSlashByTheKernel_IsAnswered() => Check(
        Golden.Request(51, """
            01 00 00 00 80 81 00 00 | flags O_WRONLY, mode
            00 00 00 00 00 00 00 00 | umask, open_flags
            2f 00                   | name
            """),
        "TmpFile 2 by 1000/100/4321: WriteOnly mode=8180 umask=0", Golden.Reply(Errno.None, GoldenReplies.EntryAndOpen));

    [Test]
    public void OpenDir_Flags_AreDecoded() => Check(
        Golden.Request(27, "00 80 01 00 00 00 00 00 | flags, open_flags"),
        "OpenDir 2 by 1000/100/4321: LargeFile, Directory None", Golden.Reply(Errno.None, GoldenReplies.Open));

    private const string ReadRows = """
        0d f0 00 00 00 00 00 00 | fh
        05 00 00 00 00 00 00 00 | offset
        00 10 00 00 00 00 00 00 | size, read_flags
        00 00 00 00 00 00 00 00 | lock_owner
        00 00 00 00 00 00 00 00 | flags, padding
        """;

    [Test]
    public void ReadDir_TwoEntries_ArePaddedToEightBytes() => Check(
        Golden.Request(28, ReadRows), "ReadDir 2 by 1000/100/4321: fh=61453 offset=5 size=4096", Golden.Reply(Errno.None, """
            11 00 00 00 00 00 00 00 | ino
            01 00 00 00 00 00 00 00 | off
            01 00 00 00 04 00 00 00 | namelen, type DT_DIR
            2e 00 00 00 00 00 00 00 | name
            22 00 00 00 00 00 00 00 | ino
            02 00 00 00 00 00 00 00 | off
            09 00 00 00 0a 00 00 00 | namelen, type DT_LNK
            6e 69 6e 65 2d 63 68 61 | name
            72 00 00 00 00 00 00 00 | name
            """));

    [Test]
    public void ReadDirPlus_Entries_CarryAttributesAndDotNone() => Check(
        Golden.Request(44, ReadRows), "ReadDirPlus 2 by 1000/100/4321: fh=61453 offset=5 size=4096", Golden.Reply(Errno.None,
            string.Concat(Enumerable.Repeat("00 00 00 00 00 00 00 00 | entry_out of .\n", 16)) + """
            11 00 00 00 00 00 00 00 | ino
            01 00 00 00 00 00 00 00 | off
            01 00 00 00 04 00 00 00 | namelen, type DT_DIR
            2e 00 00 00 00 00 00 00 | name

            """ + GoldenReplies.Entry + """

            22 00 00 00 00 00 00 00 | ino
            02 00 00 00 00 00 00 00 | off
            04 00 00 00 08 00 00 00 | namelen, type DT_REG
            66 69 6c 65 00 00 00 00 | name
            """));

    [Test]
    public void ReleaseDirAndFSyncDir_Fields_AreDecoded()
    {
        Check(Golden.Request(29, """
            0d f0 00 00 00 00 00 00 | fh
            00 00 01 00 00 00 00 00 | flags, release_flags
            00 00 00 00 00 00 00 00 | lock_owner
            """), "ReleaseDir 2 by 1000/100/4321: fh=61453 Directory None owner=0", Golden.Reply(Errno.None));
        Check(Golden.Request(30, """
            0d f0 00 00 00 00 00 00 | fh
            01 00 00 00 00 00 00 00 | fsync_flags, padding
            """), "FSyncDir 2 by 1000/100/4321: fh=61453 DataOnly", Golden.Reply(Errno.None));
    }
}
