using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli;

/// <summary>One mount's life: check, mount, tell the parent, serve, unmount, clean up.</summary>
internal static class Daemon
{
    private static readonly TimeSpan InitTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Returns when the mount is gone.</summary>
    /// <exception cref="MountRefusedException">The layers do not fit together.</exception>
    /// <exception cref="FuseMountException">The kernel or fusermount3 refused.</exception>
    public static int Run(MountRequest request)
    {
        // Modes come from the caller with its umask already in them.
        _ = Sys.UMask(0);
        using UpperHold hold = LayerChecks.Check(request.Overlay, request.MountPoint);
        OverlayFileSystem fileSystem = OverlayFileSystem.Create(hold.Options);
        FuseMount mount = FuseMount.Mount(ToMountOptions(request));
        var session = new FuseSession(fileSystem, mount.Device, ToSessionOptions(request));
        using var signals = new StopSignals(() => Stop(mount, session));
        session.Start();
        if (!session.WaitUntilInitialized(InitTimeout) || !NativeDaemon.AnnounceLive())
            Stop(mount, session);
        session.WaitUntilEnded();
        return 0;
    }

    /// <summary>Detached first: whoever comes now finds the directory below, not a dead mount.</summary>
    private static void Stop(FuseMount mount, FuseSession session)
    {
        mount.Unmount();
        session.Stop();
    }

    private static FuseMountOptions ToMountOptions(MountRequest request) => new()
    {
        MountPoint = request.MountPoint,
        Source = request.Source,
        Subtype = "overlayfuse",
        Flags = MountFlagWords.ToFlags(request.MountWords) | (request.Overlay.IsWritable ? FuseMountFlags.None : FuseMountFlags.ReadOnly),
        AllowOther = request.AllowOther ?? Sys.EffectiveUid == 0,
        ExtraOptions = MountFlagWords.ToLabels(request.MountWords),
    };

    private static FuseSessionOptions ToSessionOptions(MountRequest request)
    {
        var options = new FuseSessionOptions
        {
            Trace = request.Trace ? Console.Error.WriteLine : null,
            Log = Console.Error.WriteLine,
        };
        return request.SingleThread ? options with { Workers = 1, MaxWorkers = 1 } : options;
    }
}
