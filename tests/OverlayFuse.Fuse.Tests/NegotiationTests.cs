using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>INIT with kernels old and new.</summary>
internal sealed class NegotiationTests
{
    private const int LengthOffset = 0, ErrorOffset = 4, MajorOffset = 16, MinorOffset = 20, FlagsOffset = 28, MaxWriteOffset = 36,
        MaxPagesOffset = 44, Flags2Offset = 48;
    private const ulong Everything = ulong.MaxValue;

    private RecordingFileSystem _fileSystem = null!;

    [SetUp]
    public void Create() => _fileSystem = new RecordingFileSystem();

    private byte[] Init(uint major, uint minor, ulong flags = Everything) =>
        new Dispatcher(_fileSystem).Send(InitMessages.FromKernel(major, minor, flags));

    private static ulong FlagsOf(byte[] reply) =>
        BitConverter.ToUInt32(reply, FlagsOffset) | ((ulong)BitConverter.ToUInt32(reply, Flags2Offset) << 32);

    [Test]
    public void Init_Kernel6_18_AnswersTheseBytes() => new Dispatcher(_fileSystem).Expect(
        Golden.Request(26, """
            07 00 00 00 2d 00 00 00 | major, minor 45
            00 00 02 00 ff ff ff 7f | max_readahead, flags
            ff 07 00 00 00 00 00 00 | flags2, unused
            00 00 00 00 00 00 00 00 | unused
            00 00 00 00 00 00 00 00 | unused
            00 00 00 00 00 00 00 00 | unused
            00 00 00 00 00 00 00 00 | unused
            00 00 00 00 00 00 00 00 | unused
            """),
        Golden.Reply(Errno.None, """
            07 00 00 00 2d 00 00 00 | major, minor
            00 00 02 00 79 68 d4 72 | max_readahead, flags
            00 10 00 0c 00 00 10 00 | max_background, congestion_threshold, max_write
            01 00 00 00 00 01 00 00 | time_gran, max_pages, map_alignment
            0c 00 00 00 00 00 00 00 | flags2: CREATE_SUPP_GROUP, HAS_EXPIRE_ONLY; max_stack_depth
            00 00 00 00 00 00 00 00 | request_timeout, unused
            00 00 00 00 00 00 00 00 | unused
            00 00 00 00 00 00 00 00 | unused
            """));

    [Test]
    public void Init_EveryMinorSpoken_AnswersThatMinor([Range(31, 45)] int minor)
    {
        byte[] reply = Init(7, (uint)minor);
        Assert.That(BitConverter.ToInt32(reply, ErrorOffset), Is.Zero);
        Assert.That(BitConverter.ToInt32(reply, LengthOffset), Is.EqualTo(80));
        Assert.That(BitConverter.ToUInt32(reply, MinorOffset), Is.EqualTo(minor));
        Assert.That(FlagsOf(reply) >> 32 != 0, Is.EqualTo(minor >= 36), "flags2 only where INIT_EXT exists");
    }

    [Test]
    public void Init_NewerMinor_AnswersOurs() => Assert.That(BitConverter.ToUInt32(Init(7, 99), MinorOffset), Is.EqualTo(45));

    [Test]
    public void Init_NewerMajor_AnswersOursAndTakesTheNextInit()
    {
        var dispatcher = new Dispatcher(_fileSystem);
        byte[] reply = dispatcher.Send(InitMessages.FromKernel(8, 0, Everything));
        Assert.That(BitConverter.ToInt32(reply, ErrorOffset), Is.Zero);
        Assert.That(BitConverter.ToUInt32(reply, MajorOffset), Is.EqualTo(7));
        Assert.That(dispatcher.Session.IsEnding, Is.False);
        Assert.That(BitConverter.ToUInt32(dispatcher.Send(InitMessages.FromKernel(7, 40, Everything)), MinorOffset), Is.EqualTo(40));
    }

    [TestCase(7u, 30u)]
    [TestCase(6u, 45u)]
    public void Init_TooOld_AnswersEPROTOAndEnds(uint major, uint minor)
    {
        var log = new List<string>();
        var dispatcher = new Dispatcher(_fileSystem, new FuseSessionOptions { Log = log.Add });
        dispatcher.Expect(InitMessages.FromKernel(major, minor, Everything), Golden.Reply(Errno.EPROTO));
        Assert.That(dispatcher.Session.IsEnding, Is.True);
        Assert.That(log.Single(), Does.Contain($"{major}.{minor}").And.Contain("7.31 is needed; use Linux 5.10 or later"));
    }

    [Test]
    public void Init_RefusedByTheFileSystem_AnswersItsErrorAndEnds()
    {
        _fileSystem.Answer = Errno.EROFS;
        var dispatcher = new Dispatcher(_fileSystem);
        dispatcher.Expect(InitMessages.FromKernel(7, 45, Everything), Golden.Reply(Errno.EROFS));
        Assert.That(dispatcher.Session.IsEnding, Is.True);
    }

    [Test]
    public void Init_Second_IsRefused() =>
        new Dispatcher(_fileSystem).Initialize().Expect(InitMessages.FromKernel(7, 45, Everything), Golden.Reply(Errno.EINVAL));

    [Test]
    public void Init_NothingOffered_GrantsNothing()
    {
        byte[] reply = Init(7, 45, 0);
        Assert.That(FlagsOf(reply), Is.Zero);
        Assert.That(_fileSystem.Calls, Is.Empty);
    }

    [Test]
    public void Init_Flags2WithoutInitExt_AreNotRead()
    {
        InitFlags offered = InitFlags.None;
        _fileSystem.OnInit = negotiation => offered = negotiation.Offered;
        Init(7, 45, Everything & ~(ulong)InitFlags.InitExt);
        Assert.That((ulong)offered >> 32, Is.Zero);
    }

    [TestCase(InitFlags.AutoInvalData, InitFlags.ExplicitInvalData)]
    [TestCase(InitFlags.Passthrough | InitFlags.WritebackCache, InitFlags.WritebackCache)]
    public void Granted_FeaturesThatExcludeEachOther_AreNotBothClaimed(InitFlags wanted, InitFlags dropped)
    {
        _fileSystem.OnInit = negotiation => negotiation.Wanted |= wanted;
        Assert.That((InitFlags)FlagsOf(Init(7, 45)) & dropped, Is.EqualTo(InitFlags.None));
    }

    [Test]
    public void Granted_LocksAndWriteback_AreNotClaimedUnasked()
    {
        const InitFlags local = InitFlags.PosixLocks | InitFlags.FlockLocks | InitFlags.WritebackCache | InitFlags.NoExportSupport
            | InitFlags.AbortError;
        Assert.That((InitFlags)FlagsOf(Init(7, 45)) & local, Is.EqualTo(InitFlags.None));
    }

    [Test]
    public void MaxWrite_SmallerOption_LimitsPagesToo()
    {
        byte[] reply = new Dispatcher(_fileSystem, new FuseSessionOptions { MaxWrite = 64 << 10 })
            .Send(InitMessages.FromKernel(7, 45, Everything));
        Assert.That(BitConverter.ToUInt32(reply, MaxWriteOffset), Is.EqualTo(64 << 10));
        Assert.That(BitConverter.ToUInt16(reply, MaxPagesOffset), Is.EqualTo(16));
    }

    /// <summary>The kernel counts max_pages in its own pages. If they are taken for 4 KiB, a READ is larger than the buffers.</summary>
    [TestCase(4 << 10, 1 << 20, 1 << 20, 256)]
    [TestCase(16 << 10, 1 << 20, 1 << 20, 64)]
    [TestCase(64 << 10, 1 << 20, 1 << 20, 16)]
    [TestCase(64 << 10, 4 << 10, 64 << 10, 1)]
    public void MaxPages_PagesOfTheKernel_AreTheBuffers(int pageSize, int wanted, int bytes, int pages)
    {
        var device = new SafeFd(Fd.None);
        var negotiation = new FuseNegotiation(
            new InitIn(), new KernelLimits(pageSize, 256), wanted, new FuseNotifier(device), new FuseBackingFiles(device));
        InitOut reply = negotiation.ToReply();
        Assert.That(reply.MaxWrite, Is.EqualTo(bytes));
        Assert.That(reply.MaxPages, Is.EqualTo(pages));
    }

    [Test]
    public void MaxWrite_FileSystemAsksForMoreThanTheBuffersHold_IsLimited()
    {
        _fileSystem.OnInit = negotiation => negotiation.MaxWrite = 16 << 20;
        Assert.That(BitConverter.ToUInt32(Init(7, 45), MaxWriteOffset), Is.LessThanOrEqualTo(1 << 20));
    }

    [Test]
    public void MkDir_LabelOfKernel7_36_IsFoundWithoutALengthInTheHeader()
    {
        _fileSystem.OnInit = negotiation => negotiation.Wanted |= InitFlags.SecurityCtx;
        Dispatcher dispatcher = new Dispatcher(_fileSystem).Initialize(minor: 36);
        dispatcher.Send(Golden.Request(9, """
            ff 01 00 00 00 00 00 00 | mode, umask
            64 00                   | name
            20 00 00 00 01 00 00 00 | secctx_header: size, nr_secctx
            01 00 00 00 00 00 00 00 | secctx: size, padding
            73 2e 6c 00 78 00 00 00 | s.l, x
            00 00 00 00 00 00 00 00 | padding
            """));
        Assert.That(_fileSystem.Last, Does.EndWith("d mode=1FF umask=0 s.l=x"));
    }

    [Test]
    public void Trace_AtInit_ListsWhatIsGrantedAndWhatNot()
    {
        var trace = new List<string>();
        new Dispatcher(_fileSystem, new FuseSessionOptions { Trace = line => trace.Add(line) }).Initialize();
        Assert.That(trace,
            Does.Contain("  + DoReadDirPlus").And.Contain("  - WritebackCache").And.Some.StartsWith("FUSE 7.45, max_write "));
    }
}
