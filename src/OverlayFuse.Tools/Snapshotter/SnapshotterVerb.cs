using System.CommandLine;
using System.Text;
using Grpc.Core;

namespace OverlayFuse.Tools.Snapshotter;

/// <summary><c>overlayfuse snapshotter ADDRESS ROOT</c>: a snapshotter for containerd, as a proxy plugin.</summary>
internal static class SnapshotterVerb
{
    public const string Name = ToolWords.Snapshotter;

    /// <summary>sun_path without its NUL, and without the letter that a socket has more until it is ready.</summary>
    private const int MostOfAnAddress = 106;

    /// <summary>The form of crictl and of Kubernetes.</summary>
    private const string Scheme = "unix://";

    public static Command Make()
    {
        var address = new Argument<string>("ADDRESS") { Description = "The Unix socket to serve on" };
        var root = new Argument<string>("ROOT") { Description = "The directory that keeps the snapshots" };
        var command = new Command(Name, "Serves containerd as a proxy snapshotter, until SIGTERM") { address, root };
        command.SetAction(words => Serve(words.GetRequiredValue(address), words.GetRequiredValue(root)));
        return command;
    }

    private static int Serve(string address, string directory)
    {
        if (address.StartsWith(Scheme, StringComparison.Ordinal))
            address = address[Scheme.Length..];
        if (address.Length == 0 || address.Contains("://", StringComparison.Ordinal))
            throw new UsageException($"snapshotter: {address}: is no path; write the path of a Unix socket as ADDRESS");
        address = Path.GetFullPath(address);
        if (Encoding.UTF8.GetByteCount(address) > MostOfAnAddress)
            throw new UsageException($"{address}: a socket has at most {MostOfAnAddress} bytes in its path; choose a shorter one");
        using var root = new SnapshotterRoot(directory);
        using var catalog = new SnapshotCatalog(root);
        CleanUp(catalog);
        SnapshotterServer.Run(address, catalog);
        return 0;
    }

    /// <summary>Removes what a crash left. A leaving that cannot be removed now is in nobody's way.</summary>
    private static void CleanUp(SnapshotCatalog catalog)
    {
        try
        {
            catalog.Cleanup();
        }
        catch (RpcException e)
        {
            PlainText.Complain(e.Message);
        }
    }
}
