using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OverlayFuse.Linux;

namespace OverlayFuse.Tools.Snapshotter;

/// <summary>
/// Serves a catalog on a Unix socket until SIGTERM or SIGINT. The socket is for its owner alone, and goes with the server.
/// </summary>
internal static class SnapshotterServer
{
    /// <summary>Calls wait for the disk in threads of the pool, which otherwise come one by one.</summary>
    private const int Threads = 32;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="IOException">The address cannot be used; the message says why.</exception>
    public static void Run(string address, SnapshotCatalog catalog)
    {
        RemoveDeadSocket(address);
        // The runtime removes the name that it has bound, also if another file has that name by then. It never has the address.
        string made = address + '~';
        RemoveDeadSocket(made);
        _ = ThreadPool.SetMinThreads(Threads, Threads);
        using WebApplication server = Build(made, catalog);
        Start(server, address);
        File.SetUnixFileMode(made, OwnerOnly);
        Statx own = Stat(made);
        File.Move(made, address, overwrite: true);
        NotifySystemd();
        server.WaitForShutdown();
        if (Sys.StatxAt(Fd.WorkingDirectory, Name.From(address), out Statx last) == Errno.None && IsSame(own, last))
            File.Delete(address);
    }

    private static void Start(WebApplication server, string address)
    {
        try
        {
            server.Start();
        }
        catch (SocketException e)
        {
            throw new IOException($"{address}: cannot be made ({e.SocketErrorCode}); choose a directory that you may write to", e);
        }
    }

    private static Statx Stat(string path)
    {
        Errno error = Sys.StatxAt(Fd.WorkingDirectory, Name.From(path), out Statx stat);
        return error == Errno.None ? stat : throw new IOException($"{path}: {error}; is another snapshotter started for this address?");
    }

    private static bool IsSame(in Statx one, in Statx other) =>
        (one.Ino, one.Dev) == (other.Ino, other.Dev);

    private static WebApplication Build(string address, SnapshotCatalog catalog)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        _ = builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            // containerd keeps one connection for as long as it lives.
            options.Limits.KeepAliveTimeout = Timeout.InfiniteTimeSpan;
            options.ListenUnixSocket(address, listener => listener.Protocols = HttpProtocols.Http2);
        });
        _ = builder.Services.AddRoutingCore().AddSingleton(new SnapshotService(catalog));
        _ = builder.Services.AddGrpc();
        WebApplication server = builder.Build();
        _ = server.UseRouting();
        _ = server.MapGrpcService<SnapshotService>();
        return server;
    }

    /// <summary>A server that was killed leaves its socket behind. Nothing else is removed.</summary>
    private static void RemoveDeadSocket(string address)
    {
        Errno error = Sys.StatxAt(Fd.WorkingDirectory, Name.From(address), out Statx stat);
        if (error == Errno.ENOENT && Directory.Exists(Path.GetDirectoryName(address)))
            return;
        if (error != Errno.None)
            throw new IOException($"{address}: {error}; make its directory, or choose another address");
        if (stat.Type != FileType.Socket)
            throw new IOException($"{address} is there and is no socket; choose another address");
        if (IsServed(address))
            throw new IOException($"{address}: another server listens there; stop it, or choose another address");
        File.Delete(address);
    }

    private static bool IsServed(string address)
    {
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            client.Connect(new UnixDomainSocketEndPoint(address));
            return true;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode != SocketError.ConnectionRefused;
        }
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
