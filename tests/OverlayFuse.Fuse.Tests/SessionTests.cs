using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>Beginning, growth and end of a session; a socket stands for /dev/fuse.</summary>
internal sealed class SessionTests
{
    [Test]
    public void Exception_InAnOperation_AnswersEIOAndTheSessionGoesOn()
    {
        using var kernel = new FakeKernel(new Stubborn());
        kernel.Send(2, 10, "x\0"u8.ToArray());
        Assert.That(kernel.Receive(), Is.EqualTo((2ul, Errno.EIO)));
        Assert.That(kernel.Log.Single(),
            Does.Contain("Unlink").And.Contain("#2").And.Contain("unique 2").And.Contain("a bug").And.Contain(nameof(Stubborn)));
        kernel.Send(4, 11, "x\0"u8.ToArray());
        Assert.That(kernel.Receive(), Is.EqualTo((4ul, Errno.ENOSYS)));
    }

    [Test]
    public void Exception_InForget_IsLoggedUnanswered()
    {
        using var kernel = new FakeKernel(new Stubborn());
        kernel.Send(2, 2, new byte[8]);
        kernel.Send(4, 11, "x\0"u8.ToArray());
        Assert.That(kernel.Receive(), Is.EqualTo((4ul, Errno.ENOSYS)));
    }

    [Test]
    public void Workers_AllBusy_AnotherOneComes()
    {
        var fileSystem = new Stubborn();
        using var kernel = new FakeKernel(fileSystem, new FuseSessionOptions { Workers = 1, MaxWorkers = 8 });
        for (ulong unique = 2; unique <= 10; unique += 2)
            kernel.Send(unique, 15, new byte[40]); // five that wait for the gate
        kernel.Send(12, 11, "x\0"u8.ToArray());
        Assert.That(kernel.Receive(), Is.EqualTo((12ul, Errno.ENOSYS)), "while the five hold their workers");
        fileSystem.Gate.Set();
        Assert.That(Enumerable.Range(0, 5).Select(_ => kernel.Receive().Unique), Is.EquivalentTo(new ulong[] { 2, 4, 6, 8, 10 }));
    }

    [Test]
    public void Workers_AtTheLimit_RequestsWaitAndAreAnsweredLater()
    {
        var fileSystem = new Stubborn();
        using var kernel = new FakeKernel(fileSystem, new FuseSessionOptions { Workers = 1, MaxWorkers = 2 });
        for (ulong unique = 2; unique <= 8; unique += 2)
            kernel.Send(unique, 15, new byte[40]);
        // a worker starts before it is counted
        SpinWait.SpinUntil(() => fileSystem.Waiting == 2 && kernel.Session.WorkerCount == 2, TimeSpan.FromSeconds(10));
        Assert.That((fileSystem.Waiting, kernel.Session.WorkerCount), Is.EqualTo((2, 2)));
        fileSystem.Gate.Set();
        Assert.That(Enumerable.Range(0, 4).Select(_ => kernel.Receive().Unique), Is.EquivalentTo(new ulong[] { 2, 4, 6, 8 }));
    }

    [Test]
    public void Workers_NoLongerNeeded_GoAway()
    {
        var fileSystem = new Stubborn();
        using var kernel = new FakeKernel(fileSystem, new FuseSessionOptions { Workers = 1, MaxWorkers = 8 });
        kernel.Session.RetireAfter = TimeSpan.Zero;
        for (ulong unique = 2; unique <= 10; unique += 2)
            kernel.Send(unique, 15, new byte[40]);
        SpinWait.SpinUntil(() => fileSystem.Waiting == 5, TimeSpan.FromSeconds(10));
        fileSystem.Gate.Set();
        for (ulong unique = 20; unique < 400 && kernel.Session.WorkerCount > 1; unique += 2)
        {
            kernel.Send(unique, 11, "x\0"u8.ToArray());
            Thread.Sleep(1);
        }
        Assert.That(SpinWait.SpinUntil(() => kernel.Session.WorkerCount == 1, TimeSpan.FromSeconds(10)), Is.True);
    }

    [Test]
    public void Stop_Idle_EndsAndDestroys()
    {
        var fileSystem = new Stubborn();
        var kernel = new FakeKernel(fileSystem);
        Assert.That(kernel.Session.Stop(), Is.True);
        Assert.That(fileSystem.Destroyed, Is.True);
        Assert.That(kernel.Session.WorkerCount, Is.Zero);
        kernel.Close();
    }

    [Test]
    public void Stop_OperationThatHangs_ReturnsAndNamesIt()
    {
        var fileSystem = new Stubborn();
        var kernel = new FakeKernel(fileSystem);
        kernel.Send(2, 15, new byte[40]);
        SpinWait.SpinUntil(() => fileSystem.Waiting == 1, TimeSpan.FromSeconds(10));
        Assert.That(kernel.Session.Stop(), Is.False);
        Assert.That(kernel.Log.Single(), Does.Contain("hangs in Read"));
        Assert.That(fileSystem.Destroyed, Is.False, "an operation is still in there");
        fileSystem.Gate.Set();
        Assert.That(kernel.Session.WaitUntilEnded(TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(fileSystem.Destroyed, Is.True);
        kernel.Close();
    }

    [Test]
    public void Stop_NeverStarted_ClosesTheDevice()
    {
        Assert.That(Sys.MessageSocketPair(out Fd kernel, out Fd device), Is.EqualTo(Errno.None));
        Assert.That(new FuseSession(new Stubborn(), device).Stop(), Is.True);
        Assert.That(Sys.ReadDevice(kernel, new byte[8], out int length), Is.EqualTo(Errno.None));
        Assert.That(length, Is.Zero, "end of file: the other end is closed");
        Sys.Close(kernel);
    }

    [Test]
    public void Device_Gone_EndsTheSession()
    {
        var fileSystem = new Stubborn();
        var kernel = new FakeKernel(fileSystem);
        kernel.Close();
        Assert.That(kernel.Session.WaitUntilEnded(TimeSpan.FromSeconds(10)), Is.True);
        Assert.That(fileSystem.Destroyed, Is.True);
    }

    /// <summary>READ waits for a gate and does not look at interrupts; UNLINK and FORGET have bugs.</summary>
    private sealed class Stubborn : IFuseFileSystem
    {
        private int _waiting;

        internal ManualResetEventSlim Gate { get; } = new();
        internal int Waiting => Volatile.Read(ref _waiting);
        internal bool Destroyed { get; private set; }

        public void Destroy() => Destroyed = true;

        public void Forget(NodeId node, ulong lookups) => throw new InvalidOperationException("a bug");

        public Errno Unlink(in FuseRequest request, Name name) => throw new InvalidOperationException("a bug");

        public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
        {
            count = 0;
            Interlocked.Increment(ref _waiting);
            Gate.Wait();
            return Errno.None;
        }
    }
}
