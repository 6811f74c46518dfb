using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Tests.Support;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests;

/// <summary>INTERRUPT and its victim, in every order.</summary>
internal sealed class InterruptTests
{
    [Test]
    public void Interrupt_WhileTheVictimRuns_SetsItsFlagOnly()
    {
        var table = new InterruptTable();
        InFlightRequest victim = table.AddWorker(), other = table.AddWorker();
        victim.Begin(8, Opcode.Read);
        other.Begin(10, Opcode.Read);
        table.Interrupt(8);
        Assert.That((victim.IsInterrupted, other.IsInterrupted), Is.EqualTo((true, false)));
    }

    [Test]
    public void Interrupt_ReadBeforeItsVictimBegins_IsWaitingForIt()
    {
        var table = new InterruptTable();
        InFlightRequest worker = table.AddWorker();
        table.Interrupt(8);
        worker.Begin(10, Opcode.Read);
        Assert.That(worker.IsInterrupted, Is.False);
        worker.End();
        worker.Begin(8, Opcode.Read);
        Assert.That(worker.IsInterrupted, Is.True);
    }

    [Test]
    public void Interrupt_AfterItsVictim_DoesNotReachTheNext()
    {
        var table = new InterruptTable();
        InFlightRequest worker = table.AddWorker();
        worker.Begin(8, Opcode.Read);
        worker.End();
        table.Interrupt(8);
        worker.Begin(10, Opcode.Read);
        Assert.That(worker.IsInterrupted, Is.False);
    }

    [Test]
    public void Interrupt_Flag_EndsWithItsRequest()
    {
        var table = new InterruptTable();
        InFlightRequest worker = table.AddWorker();
        worker.Begin(8, Opcode.Read);
        table.Interrupt(8);
        worker.End();
        worker.Begin(10, Opcode.Read);
        Assert.That(worker.IsInterrupted, Is.False);
    }

    [Test]
    public void Interrupt_ThousandsTooLate_ParkInBoundedSpace()
    {
        var table = new InterruptTable();
        InFlightRequest worker = table.AddWorker();
        for (ulong unique = 2; unique < 10_000; unique += 2)
            table.Interrupt(unique);
        worker.Begin(9_998, Opcode.Read);
        Assert.That(worker.IsInterrupted, Is.True, "the latest is kept");
        worker.Begin(2, Opcode.Read);
        Assert.That(worker.IsInterrupted, Is.False, "the oldest is overwritten");
    }

    [Test]
    public void Interrupt_ThroughTheSession_ReachesARunningOperation()
    {
        using var kernel = new FakeKernel(new UntilInterrupted());
        kernel.Send(20, 15, new byte[40]);
        kernel.Send(21, 36, BitConverter.GetBytes(20ul));
        Assert.That(kernel.Receive(), Is.EqualTo((20ul, Errno.EINTR)));
    }

    [Test]
    public void SessionEnding_EveryOperation_IsInterrupted()
    {
        var kernel = new FakeKernel(new UntilInterrupted());
        kernel.Send(20, 15, new byte[40]);
        Assert.That(kernel.Session.Stop(), Is.True);
        Assert.That(kernel.Receive(), Is.EqualTo((20ul, Errno.EINTR)));
        kernel.Close();
    }

    private sealed class UntilInterrupted : IFuseFileSystem
    {
        public Errno Read(in FuseRequest request, in ReadIn input, Span<byte> data, out int count)
        {
            count = 0;
            while (!request.IsInterrupted)
                Thread.Sleep(1);
            return Errno.EINTR;
        }
    }
}
