using System.Diagnostics;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>Waiting, interrupted and abandoned operations on the real kernel.</summary>
[TestFixture(false)]
[TestFixture(true)]
internal sealed class LiveSessionTests(bool usesRing)
{
    private RingSwitch _ring = null!;

    [OneTimeSetUp]
    public void Offer() => _ring = new RingSwitch(usesRing);

    [OneTimeTearDown]
    public void PutBack() => _ring?.Dispose();

    private Waiting _fileSystem = null!;

    [SetUp]
    public void Create()
    {
        _fileSystem = new Waiting();
        _fileSystem.Add("slow", (uint)FileType.Regular | 0x1A4, "data"u8.ToArray());
        _fileSystem.Add("fast", (uint)FileType.Regular | 0x1A4, "quick"u8.ToArray());
    }

    [Test]
    public void Read_SignalToTheCaller_IsInterruptedAndTheCallerEnds()
    {
        using var mount = new LiveMount(_fileSystem);
        using Process client = Shell.Start("exec cat slow", mount.Directory);
        Assert.That(SpinWait.SpinUntil(() => _fileSystem.InRead > 0, TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(Shell.Run($"kill -TERM {client.Id}", "/").ExitCode, Is.Zero);
        Assert.That(client.WaitForExit(TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(client.ExitCode, Is.EqualTo(128 + 15));
        Assert.That(_fileSystem.Interrupted, Is.GreaterThan(0));
    }

    [Test]
    public void Read_AllResidentWorkersWait_OthersAreServed()
    {
        using var mount = new LiveMount(_fileSystem, new FuseSessionOptions { Workers = 1 });
        Process[] clients = [.. Enumerable.Range(0, 6)
            .Select(_ => Shell.Start("exec dd if=slow iflag=direct status=none", mount.Directory))];
        Assert.That(SpinWait.SpinUntil(() => _fileSystem.InRead > 0, TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(mount.Run("cat fast; stat -c %s fast"), Is.EqualTo("quick5"));
        _fileSystem.Release();
        foreach (Process client in clients)
        {
            Assert.That(client.StandardOutput.ReadToEnd(), Is.EqualTo("data"));
            client.WaitForExit();
            client.Dispose();
        }
    }

    [Test]
    public void Stop_OperationIgnoresIt_FailsTheCallerAndReturns()
    {
        _fileSystem.IgnoreInterrupts = true;
        using var mount = new LiveMount(_fileSystem);
        using Process client = Shell.Start("cat slow", mount.Directory);
        Assert.That(SpinWait.SpinUntil(() => _fileSystem.InRead > 0, TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(mount.Session.Stop(), Is.False, "the operation still hangs");
        Assert.That(client.WaitForExit(TimeSpan.FromSeconds(20)), Is.True,
            "the kernel aborts the connection when its last descriptor closes");
        Assert.That(client.StandardError.ReadToEnd(), Does.Contain("abort").Or.Contain("not connected"));
        _fileSystem.Release();
        Assert.That(mount.Session.WaitUntilEnded(TimeSpan.FromSeconds(20)), Is.True);
    }

    [Test]
    public void Stop_IdleMount_WakesTheBlockedWorkers()
    {
        using var mount = new LiveMount(_fileSystem);
        mount.Run("cat fast");
        Assert.That(mount.Session.Stop(), Is.True);
        Assert.That(mount.Session.WorkerCount, Is.Zero);
        Assert.That(Shell.Run("cat fast", mount.Directory).ExitCode, Is.Not.Zero);
    }

    [Test]
    public void Unmount_FileStillOpen_ServesItUntilItIsClosed()
    {
        using var mount = new LiveMount(_fileSystem);
        using Process client = Shell.Start("exec 3< fast; cd /; echo open; read line < <(sleep 0.5); cat <&3", mount.Directory);
        Assert.That(client.StandardOutput.ReadLine(), Is.EqualTo("open"));
        mount.Unmount();
        Assert.That(Directory.GetFileSystemEntries(mount.Directory), Is.Empty, "the name is free at once");
        Assert.That(client.StandardOutput.ReadToEnd(), Is.EqualTo("quick"));
        Assert.That(mount.Session.WaitUntilEnded(TimeSpan.FromSeconds(20)), Is.True);
        Assert.That(_fileSystem.Destroyed, Is.True);
    }

    [Test]
    public void Trace_EveryRequest_HasItsReply()
    {
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using (var mount = new LiveMount(_fileSystem, new FuseSessionOptions { Trace = lines.Enqueue }))
            mount.Run("cat fast; cat missing 2>&1 | tail -1");
        Assert.That(lines,
            Has.Some.Contains(" Lookup node 1 ").And.Some.Contains("\"missing\"").And.Some.EndsWith("Lookup -> ENOENT bytes 16"));
        Assert.That(lines, Has.Some.Contains(" Read -> ok bytes 21"));
    }

    /// <summary>READ of "slow" waits until it is released or interrupted.</summary>
    private sealed class Waiting : MemoryFileSystem
    {
        private readonly ManualResetEventSlim _gate = new();
        private int _inRead;
        private int _interrupted;

        internal int InRead => Volatile.Read(ref _inRead);
        internal int Interrupted => Volatile.Read(ref _interrupted);
        internal bool IgnoreInterrupts { get; set; }

        internal void Release() => _gate.Set();

        /// <summary>Without the page cache READ is the caller's own request: a signal interrupts it. Readahead is nobody's.</summary>
        public override Errno Open(in FuseRequest request, in OpenIn input, out OpenOut opened)
        {
            Errno error = base.Open(request, input, out opened);
            opened.Flags = OpenReplyFlags.DirectIo;
            return error;
        }

        public override Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
        {
            count = 0;
            if (request.Node.Value != 2)
                return base.Read(request, input, data, out count);
            Interlocked.Increment(ref _inRead);
            while (!_gate.Wait(1))
            {
                if (!request.IsInterrupted || IgnoreInterrupts)
                    continue;
                Interlocked.Increment(ref _interrupted);
                return Errno.EINTR;
            }
            return base.Read(request, input, data, out count);
        }
    }
}
