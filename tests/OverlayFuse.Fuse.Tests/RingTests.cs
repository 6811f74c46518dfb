using System.Diagnostics;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>FUSE over io_uring on the real kernel: what differs from /dev/fuse.</summary>
internal sealed class RingTests
{
    private const int Callers = 24;

    private RingSwitch _ring = null!;
    private Gated _fileSystem = null!;

    [SetUp]
    public void Create()
    {
        _ring = new RingSwitch(true);
        _fileSystem = new Gated();
        _fileSystem.Add("slow", (uint)FileType.Regular | 0x1A4, "data"u8.ToArray());
        _fileSystem.Add("fast", (uint)FileType.Regular | 0x1A4, "quick"u8.ToArray());
        _fileSystem.Add("bug", (uint)FileType.Regular | 0x1A4, "bug"u8.ToArray());
    }

    [TearDown]
    public void PutBack()
    {
        _fileSystem?.Gate.Set();
        _ring?.Dispose();
    }

    [TestCase(true)]
    [TestCase(false)]
    public void UsesRing_AsWanted_ServesByTheRingOrNot(bool wanted)
    {
        using var mount = new LiveMount(_fileSystem, new FuseSessionOptions { UsesRing = wanted });
        mount.Run("for i in 1 2 3; do stat -f . >/dev/null; done");
        Assert.That(mount.Session.Negotiation!.HasFeature(InitFlags.OverIoUring), Is.EqualTo(wanted));
        // Threads of other tests end a little later.
        bool IsRight() => wanted ? RingThreads() > 1 : RingThreads() == 0;
        Assert.That(SpinWait.SpinUntil(IsRight, TimeSpan.FromSeconds(20)), Is.True, "an acceptor and a worker, or none");
        Assert.That(mount.Log, Is.Empty);
    }

    /// <summary>The processor's queue has 256 spare entries, and each caller keeps one.</summary>
    [Test]
    public void Read_ManyCallersOfOneProcessorWait_OthersOfItAreServed()
    {
        using var mount = new LiveMount(_fileSystem);
        Process[] clients = [.. Enumerable.Range(0, Callers)
            .Select(_ => Shell.Start("exec taskset -c 0 dd if=slow iflag=direct status=none", mount.Directory))];
        Assert.That(SpinWait.SpinUntil(() => _fileSystem.InRead == Callers, TimeSpan.FromSeconds(20)), Is.True, "all are served at once");
        Assert.That(mount.Run("taskset -c 0 cat fast; taskset -c 0 stat -c %s fast"), Is.EqualTo("quick5"));
        _fileSystem.Gate.Set();
        foreach (Process client in clients)
        {
            Assert.That(client.StandardOutput.ReadToEnd(), Is.EqualTo("data"));
            client.WaitForExit();
            client.Dispose();
        }
        Assert.That(mount.Log, Is.Empty);
    }

    /// <summary>Eight workers of a processor stay, and the acceptor.</summary>
    [Test]
    public void Read_BurstOfManyCallers_LeavesFewThreads()
    {
        using var mount = new LiveMount(_fileSystem);
        Process[] clients = [.. Enumerable.Range(0, 60)
            .Select(_ => Shell.Start("exec taskset -c 0 dd if=slow iflag=direct status=none", mount.Directory))];
        Assert.That(SpinWait.SpinUntil(() => _fileSystem.InRead == 60, TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(RingThreads(), Is.GreaterThan(60));
        _fileSystem.Gate.Set();
        foreach (Process client in clients)
        {
            client.WaitForExit();
            client.Dispose();
        }
        Assert.That(() => RingThreads(), Is.LessThanOrEqualTo(1 + 8 * Processors.Possible).After(20_000, 20));
    }

    /// <summary>Without room for workers the acceptor answers by itself.</summary>
    [Test]
    public void Read_NoMoreThreadsAllowed_IsServed()
    {
        _fileSystem.Gate.Set();
        using var mount = new LiveMount(_fileSystem, new FuseSessionOptions { Workers = 1, MaxWorkers = 1 });
        Assert.That(mount.Run("cat slow fast; for i in $(seq 100); do stat -f . >/dev/null || exit 1; done"), Is.EqualTo("dataquick"));
        Assert.That(() => RingThreads(), Is.EqualTo(1).After(20_000, 20));
    }

    /// <summary>The reply of the thread that comes back later is refused, and its entry is the acceptor's.</summary>
    [Test]
    public void FailStuckReads_OperationHangs_FailsTheCallerAndTheSessionGoesOn()
    {
        using var mount = new LiveMount(_fileSystem);
        using Process client = Shell.Start("exec dd if=slow iflag=direct status=none", mount.Directory);
        Assert.That(SpinWait.SpinUntil(() => _fileSystem.InRead == 1, TimeSpan.FromSeconds(20)), Is.True);
        mount.Session.FailStuckReads();
        mount.Session.FailStuckReads();
        Assert.That(client.WaitForExit(TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(client.StandardError.ReadToEnd(), Does.Contain("not connected"));
        _fileSystem.Gate.Set();
        Assert.That(mount.Run("for i in $(seq 300); do cat fast; done | wc -c"), Is.EqualTo("1500"));
        Assert.That(mount.Log, Is.Empty);
    }

    [Test]
    public void Exception_InAnOperation_IsEioAndTheSessionGoesOn()
    {
        using var mount = new LiveMount(_fileSystem);
        Assert.That(Shell.Run("cat bug 2>&1", mount.Directory).Output, Does.Contain("nput/output error"));
        Assert.That(mount.Run("cat fast"), Is.EqualTo("quick"));
        Assert.That(mount.Log.Single(), Does.Contain("a bug"));
    }

    private static int RingThreads() =>
        Directory.GetDirectories("/proc/self/task").Count(task => File.ReadAllText(task + "/comm") == "fuse-ring\n");

    private sealed class Gated : MemoryFileSystem
    {
        private const int Slow = 2, Bug = 4;

        private int _inRead;

        internal ManualResetEventSlim Gate { get; } = new();

        internal int InRead => Volatile.Read(ref _inRead);

        public override Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
        {
            if (request.Node.Value == Bug)
                throw new InvalidOperationException("a bug");
            if (request.Node.Value == Slow)
            {
                Interlocked.Increment(ref _inRead);
                Gate.Wait();
            }
            return base.Read(request, input, data, out count);
        }

        /// <summary>Without the page cache READ is the caller's own request. Readahead is nobody's.</summary>
        public override Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
        {
            Errno error = base.Open(request, input, out opened);
            opened.Flags = OpenReplyFlags.DirectIo;
            return error;
        }
    }
}
