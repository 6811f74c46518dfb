using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>A session without a device: messages go straight into its dispatch.</summary>
internal sealed class Dispatcher
{
    private readonly byte[] _reply = new byte[(1 << 20) + 16];
    private readonly InterruptTable _interrupts = new();

    internal Dispatcher(IFuseFileSystem fileSystem, FuseSessionOptions? options = null)
    {
        Session = new FuseSession(fileSystem, Fd.None, (options ?? new FuseSessionOptions()) with { UsesRing = false });
        InFlight = _interrupts.AddWorker();
    }

    internal FuseSession Session { get; }
    internal IWorkerHost Host => Session;
    internal InFlightRequest InFlight { get; }

    /// <summary>INIT as a kernel of 7.<paramref name="minor"/> that offers everything.</summary>
    internal Dispatcher Initialize(uint minor = 45, ulong flags = ulong.MaxValue)
    {
        byte[] reply = Send(InitMessages.FromKernel(7, minor, flags));
        Assert.That(BitConverter.ToInt32(reply, 4), Is.Zero, "INIT");
        return this;
    }

    internal byte[] Send(byte[] message) => _reply[..Host.Dispatch(message, _reply, InFlight)];

    /// <summary>Answers and compares byte for byte.</summary>
    internal void Expect(byte[] message, byte[] reply) => Assert.That(Golden.Dump(Send(message)), Is.EqualTo(Golden.Dump(reply)));
}
