using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>A small file system on the real kernel; the client is a shell in another process.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class MountTests(bool usesRing)
{
    private RingSwitch _ring = null!;

    [OneTimeSetUp]
    public void Offer() => _ring = new RingSwitch(usesRing);

    [OneTimeTearDown]
    public void PutBack() => _ring?.Dispose();

    private MemoryFileSystem _fileSystem = null!;
    private LiveMount _mount = null!;

    [SetUp]
    public void Mount()
    {
        _fileSystem = new MemoryFileSystem();
        _mount = new LiveMount(_fileSystem);
    }

    [TearDown]
    public void Unmount()
    {
        _mount.Dispose();
        Assert.That(_mount.Log, Is.Empty);
        Assert.That(_fileSystem.Destroyed, Is.True);
    }

    private void Expect(string script, string output) => Assert.That(_mount.Run(script), Is.EqualTo(output));

    [Test]
    public void Files_WrittenAndReadBack_AreTheSame() => Expect(
        "umask 022; echo hello > a && cat a && stat -c '%s %F %a' a && echo more >> a && cat a && : > a && stat -c %s a",
        "hello\n6 regular file 644\nhello\nmore\n0");

    [Test]
    public void Names_MadeMovedAndRemoved_AreListed() => Expect(
        "mkdir d && echo x > d/f && ln d/f d/g && ln -s f d/l && readlink d/l && stat -c %h d/g && mv d/f d/h && cat d/l 2>&1; ls d; "
            + "rm d/g d/h d/l && rmdir d && ls -A",
        "f\n2\ncat: d/l: No such file or directory\ng\nh\nl");

    [Test]
    public void Rename_FlagsOfRenameat2_ReachTheFileSystem() => Expect(
        "echo 1 > a; echo 2 > b; mv -n a b; cat a b; python3 -c \"import ctypes; "
            + "print(ctypes.CDLL(None).renameat2(-100, b'a', -100, b'b', 2))\"; cat a b",
        "1\n2\n0\n2\n1");

    [Test]
    public void Directory_Of5000Entries_IsListedCompletely()
    {
        for (int i = 0; i < 5000; i++)
            _fileSystem.Add($"entry-{i:D5}", (uint)FileType.Regular | 0x1A4);
        Expect("ls | wc -l; ls -l | grep -c ^-rw-r--r--; ls | sort -u | wc -l; ls -U | tail -1", "5000\n5000\n5000\nentry-04999");
    }

    [Test]
    public void Data_OneMebibyteTransfers_ArriveWhole()
    {
        Expect("head -c 8000000 /dev/urandom > /tmp/ovf-fuse-$$; dd if=/tmp/ovf-fuse-$$ of=a bs=1M oflag=direct status=none; "
            + "cmp /tmp/ovf-fuse-$$ a && " +
            "dd if=a iflag=direct bs=1M status=none | cmp - /tmp/ovf-fuse-$$ && echo same; rm /tmp/ovf-fuse-$$", "same");
        Assert.That(_fileSystem.LargestTransfer, Is.EqualTo(_fileSystem.Negotiation!.MaxWrite));
    }

    [Test]
    public void Xattrs_SetListedRemoved_AreKept() => Expect(
        "touch a; setfattr -n user.one -v 1 a; setfattr -n user.two -v 22 a; getfattr -d a | sort; setfattr -x user.one a; getfattr a; "
            + "getfattr -n user.one a 2>&1; true",
        "\n# file: a\nuser.one=\"1\"\nuser.two=\"22\"\n# file: a\nuser.two\n\na: user.one: No such attribute");

    [Test]
    public void Space_AllocatedSoughtAndCopied_IsThere() => Expect(
        "fallocate -l 100000 a; stat -c %s a; echo data > b; cp --reflink=never b c; cat c; python3 -c \"import os; "
            + "f = os.open('b', os.O_RDONLY); print(os.lseek(f, 0, os.SEEK_HOLE), os.lseek(f, 2, os.SEEK_DATA))\"",
        "100000\ndata\n5 2");

    [Test]
    public void TmpFile_WithoutAName_HoldsData() => Expect(
        "python3 -c \"import os; f = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o600); os.write(f, b'abc'); "
            + "print(os.pread(f, 9, 0), os.fstat(f).st_nlink)\"; ls -A",
        "b'abc' 0");

    [Test]
    public void StatFs_Figures_AreThoseOfTheFileSystem() =>
        Expect("stat -f -c '%b %f %a %c %d %s %S %l %T' .",
            "1000 500 400 300 200 4096 4096 255 fuseblk".Replace("fuseblk", _mount.Run("stat -f -c %T ."), StringComparison.Ordinal));

    [Test]
    public void Features_OfThisKernel_AreGranted()
    {
        const InitFlags since54 = InitFlags.DoReadDirPlus | InitFlags.ParallelDirOps | InitFlags.MaxPages | InitFlags.CacheSymLinks |
            InitFlags.ExplicitInvalData | InitFlags.PosixAcl | InitFlags.DontMask | InitFlags.AtomicOTrunc;
        Assert.That(_fileSystem.Negotiation!.HasFeature(since54), Is.True, _fileSystem.Negotiation.Offered.ToString());
    }

    [Test]
    public void InvalidateEntry_CachedName_GivesItsReferencesBack()
    {
        _mount.Run("echo x > a; cat a");
        Assert.That(_fileSystem.Lookups, Is.Not.Zero);
        Assert.That(_fileSystem.Negotiation!.Notifier.InvalidateEntry(NodeId.Root, Name.From("a")), Is.EqualTo(Errno.None));
        Assert.That(SpinWait.SpinUntil(() => _fileSystem.Lookups == 0, TimeSpan.FromSeconds(20)), Is.True, $"{_fileSystem.Lookups} left");
        Assert.That(_fileSystem.Negotiation.Notifier.InvalidateEntry(NodeId.Root, Name.From("a")), Is.EqualTo(Errno.ENOENT));
    }

    [Test]
    public void InvalidateInode_ChangedBehindTheKernel_ShowsTheNewData()
    {
        MemoryNode node = _fileSystem.Add("a", (uint)FileType.Regular | 0x1A4, "old"u8.ToArray());
        Expect("cat a", "old");
        node.Data = "new"u8.ToArray();
        Assert.That(_fileSystem.Negotiation!.Notifier.InvalidateInode(new NodeId(node.Id), 0, 0), Is.EqualTo(Errno.None));
        Expect("cat a", "new");
    }

    [Test]
    public void IncrementEpoch_CachedNames_AreLookedUpAgain()
    {
        if (_fileSystem.Negotiation!.ProtocolMinor < 44)
            Assert.Ignore("this kernel has no NOTIFY_INC_EPOCH (7.44, Linux 6.16)");
        _fileSystem.Add("a", (uint)FileType.Regular | 0x1A4);
        _mount.Run("stat a");
        _fileSystem.Root.Children.Remove("a");
        Expect("stat -c %n a", "a");
        Assert.That(_fileSystem.Negotiation.Notifier.IncrementEpoch(), Is.EqualTo(Errno.None));
        Expect("stat a 2>&1 | grep -o 'No such file'", "No such file");
    }

    [Test]
    public void Handles_ClosedByTheClient_AreReleased()
    {
        _mount.Run("echo x > a; cat a; ls; mkdir d; ls d");
        Assert.That(SpinWait.SpinUntil(() => _fileSystem.OpenHandles == _fileSystem.ReleasedHandles, TimeSpan.FromSeconds(10)), Is.True);
    }
}
