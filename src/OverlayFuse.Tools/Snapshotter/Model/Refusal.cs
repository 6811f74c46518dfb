using Grpc.Core;
using OverlayFuse.Linux;

namespace OverlayFuse.Tools.Snapshotter.Model;

/// <summary>The answers of the snapshotter that are no success. containerd knows them by their status.</summary>
internal static class Refusal
{
    public static RpcException NotFound(string name) => Of(StatusCode.NotFound, $"snapshot {name} does not exist");

    public static RpcException AlreadyExists(string name) => Of(StatusCode.AlreadyExists, $"snapshot {name} already exists");

    public static RpcException WrongState(string name, string state) => Of(StatusCode.FailedPrecondition, $"snapshot {name} {state}");

    public static RpcException Invalid(string message) => Of(StatusCode.InvalidArgument, message);

    public static RpcException Unavailable(string message) => Of(StatusCode.Unavailable, message);

    /// <summary>Throws unless the operation succeeded.</summary>
    /// <param name="error">Its result.</param>
    /// <param name="path">The file it was about.</param>
    public static void Unless(Errno error, string path)
    {
        if (error != Errno.None)
            throw Of(error == Errno.ENOSPC ? StatusCode.ResourceExhausted : StatusCode.Internal, $"{path}: {error}");
    }

    private static RpcException Of(StatusCode status, string message) => new(new Status(status, message), message);
}
