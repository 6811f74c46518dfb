using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace OverlayFuse.Tools.Snapshotter;

/// <summary>Serves a catalog on a Unix socket until SIGTERM or SIGINT. The socket is for its owner alone, and goes with the server.</summary>
internal static class SnapshotterServer
{
    /// <summary>Calls wait for the disk in threads of the pool, which otherwise come one by one.</summary>
    private const int Threads = 32;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="IOException">Another server listens there.</exception>
    public static void Run(string address, SnapshotCatalog catalog)
    {
        RemoveDeadSocket(address);
        _ = ThreadPool.SetMinThreads(Threads, Threads);
        using WebApplication server = Build(address, catalog);
        server.Start();
        File.SetUnixFileMode(address, OwnerOnly);
        NotifySystemd();
        server.WaitForShutdown();
    }

    private static WebApplication Build(string address, SnapshotCatalog catalog)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
            options.ListenUnixSocket(address, listener => listener.Protocols = HttpProtocols.Http2));
        _ = builder.Services.AddRoutingCore().AddSingleton(new SnapshotService(catalog));
        _ = builder.Services.AddGrpc();
        WebApplication server = builder.Build();
        _ = server.UseRouting();
        _ = server.MapGrpcService<SnapshotService>();
        return server;
    }

    /// <summary>A server that was killed leaves its socket behind.</summary>
    private static void RemoveDeadSocket(string address)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            client.Connect(new UnixDomainSocketEndPoint(address));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(address);
            return;
        }
        catch (SocketException)
        {
            return;
        }
        throw new IOException($"{address}: another server listens there; stop it, or choose another address");
    }

    /// <summary>sd_notify(3).</summary>
    private static void NotifySystemd()
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } place)
            return;
        using var client = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        // "@" stands for the NUL of an abstract address.
        _ = client.SendTo("READY=1"u8, new UnixDomainSocketEndPoint(place[0] == '@' ? '\0' + place[1..] : place));
    }
}
