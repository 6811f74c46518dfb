using System.Diagnostics;
using System.Net.Sockets;
using Grpc.Net.Client;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Tools.Containerd;

namespace OverlayFuse.Mount.Tests.Snapshotter;

/// <summary>A running `overlayfuse snapshotter`, and a client of it.</summary>
internal sealed class SnapshotterProcess : IDisposable
{
    /// <summary>A guard against hangs.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly GrpcChannel _channel;
    private readonly Task<string> _errors;

    /// <param name="root">Where it keeps the snapshots.</param>
    /// <param name="socket">Where it serves.</param>
    /// <param name="notified">Where it says that it serves, as under systemd.</param>
    public SnapshotterProcess(string root, string socket, string? notified = null)
    {
        var start = new ProcessStartInfo(ProgramUnderTest.Path, ["snapshotter", socket, root]) { RedirectStandardError = true };
        if (notified is not null)
            start.Environment["NOTIFY_SOCKET"] = notified;
        _process = Process.Start(start) ?? throw new InvalidOperationException("the snapshotter did not start");
        _errors = _process.StandardError.ReadToEndAsync();
        _channel = Open(socket);
        Client = new Snapshots.SnapshotsClient(_channel);
        AwaitServer(socket);
    }

    public Snapshots.SnapshotsClient Client { get; }

    /// <summary>As a crash would end it.</summary>
    public void Kill() => End(Signum.SIGKILL);

    /// <summary>As systemd ends it; returns its exit status.</summary>
    public int Stop()
    {
        End(Signum.SIGTERM);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _channel.Dispose();
        _process.Dispose();
    }

    private void End(Signum signal)
    {
        Tool.Check(Syscall.kill(_process.Id, signal), "kill");
        if (!_process.WaitForExit(s_patience))
            throw new TimeoutException($"the snapshotter still runs after {signal}");
    }

    private static GrpcChannel Open(string socket) => GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await client.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                return new NetworkStream(client, ownsSocket: true);
            },
        },
    });

    private void AwaitServer(string socket)
    {
        for (var since = Stopwatch.StartNew(); since.Elapsed < s_patience && !_process.HasExited; Thread.Sleep(10))
        {
            using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                client.Connect(new UnixDomainSocketEndPoint(socket));
                return;
            }
            catch (SocketException)
            {
                // Not yet.
            }
        }
        string state = _process.HasExited ? $"ended with {_process.ExitCode}: {_errors.Result}" : "does not serve";
        Dispose();
        throw new InvalidOperationException("the snapshotter " + state);
    }
}
