using System.CommandLine;
using Grpc.Core;

namespace OverlayFuse.Tools.Snapshotter;

/// <summary><c>overlayfuse snapshotter ADDRESS ROOT</c>: a snapshotter for containerd, as a proxy plugin.</summary>
internal static class SnapshotterVerb
{
    private const int Failed = 1;

    public static Command Command()
    {
        var address = new Argument<string>("ADDRESS") { Description = "The Unix socket to serve on" };
        var root = new Argument<string>("ROOT") { Description = "The directory that keeps the snapshots" };
        var command = new Command("snapshotter", "Serve containerd as a snapshotter (a proxy plugin)") { address, root };
        command.SetAction(words => Serve(words.GetRequiredValue(address), words.GetRequiredValue(root)));
        return command;
    }

    private static int Serve(string address, string directory)
    {
        try
        {
            using var root = new SnapshotterRoot(directory);
            using var catalog = new SnapshotCatalog(root);
            CleanUp(catalog);
            SnapshotterServer.Run(Path.GetFullPath(address), catalog);
            return 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
        {
            Report(e.Message);
            return Failed;
        }
    }

    /// <summary>What a crash left. A leaving that cannot be removed now is in nobody's way.</summary>
    private static void CleanUp(SnapshotCatalog catalog)
    {
        try
        {
            catalog.Cleanup();
        }
        catch (RpcException e)
        {
            Report(e.Message);
        }
    }

    private static void Report(string message) => Console.Error.WriteLine($"overlayfuse: snapshotter: {message}");
}
