using System.Buffers.Binary;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Tests.Support;

/// <summary>The kernel's end of a session: a socket that keeps the bounds of messages in place of /dev/fuse.</summary>
internal sealed class FakeKernel : IDisposable
{
    private readonly Fd _socket;
    private readonly byte[] _buffer = new byte[(1 << 20) + 4096];

    internal FakeKernel(IFuseFileSystem fileSystem, FuseSessionOptions? options = null)
    {
        Assert.That(Sys.MessageSocketPair(out _socket, out Fd device), Is.EqualTo(Errno.None));
        options ??= new FuseSessionOptions();
        Session = new FuseSession(fileSystem, device, options with { UsesRing = false, Log = line => Log.Add(line) });
        Session.Start();
        Send(InitMessages.FromKernel(7, 45, ulong.MaxValue));
        Receive();
        Assert.That(Session.WaitUntilInitialized(TimeSpan.FromSeconds(10)), Is.True);
    }

    internal FuseSession Session { get; }
    internal System.Collections.Concurrent.ConcurrentBag<string> Log { get; } = [];

    internal void Send(byte[] message) => Assert.That(Sys.WriteDevice(_socket, message), Is.EqualTo(Errno.None));

    /// <summary>A request with a number of its own.</summary>
    internal void Send(ulong unique, uint opcode, byte[] body)
    {
        byte[] message = Golden.Request(opcode, body);
        BinaryPrimitives.WriteUInt64LittleEndian(message.AsSpan(8), unique);
        Send(message);
    }

    /// <summary>The next reply's number and error.</summary>
    internal (ulong Unique, Errno Error) Receive()
    {
        Assert.That(Sys.ReadDevice(_socket, _buffer, out int length), Is.EqualTo(Errno.None));
        Assert.That(length, Is.GreaterThanOrEqualTo(16));
        return (BinaryPrimitives.ReadUInt64LittleEndian(_buffer.AsSpan(8)),
            (Errno)(-BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(4))));
    }

    internal void Close() => Sys.Close(_socket);

    public void Dispose()
    {
        Session.Stop();
        Close();
    }
}
