using OverlayFuse.Fuse;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli;

/// <summary>One mount's life: check, mount, tell the parent, serve, unmount, clean up.</summary>
internal static class Daemon
{
    private const int Success = 0;
    private const int Hung = 1;
    private static readonly TimeSpan InitTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Whoever mounted has done the first thing by then.</summary>
    private static readonly TimeSpan StartIsOver = TimeSpan.FromSeconds(1);

    /// <summary>Returns when the mount is gone.</summary>
    /// <param name="request">What to mount.</param>
    /// <param name="lifeline">At its end the mount ends; null: it has a life of its own.</param>
    /// <exception cref="MountRefusedException">The layers do not fit together.</exception>
    /// <exception cref="FuseMountException">The kernel or fusermount3 refused.</exception>
    public static int Run(MountRequest request, Lifeline? lifeline = null)
    {
        // Modes come from the caller with its umask already in them.
        _ = Sys.UMask(0);
        using UpperHold hold = LayerChecks.Check(request.Overlay, request.MountPoint);
        using OverlayFileSystem fileSystem = OverlayFileSystem.Create(hold.Options with { Log = LogOf(request) });
        using var signals = new StopSignals();
        FuseMount mount = FuseMount.Mount(ToMountOptions(request));
        try
        {
            var session = new FuseSession(fileSystem, mount.Device, ToSessionOptions(request));
            Begin(mount, session, fileSystem);
            _ = mount.AllowReadahead(request.MaxReadahead); // no: the kernel's default stays
            if (request.Trace)
                Console.Error.WriteLine($"io={OptionValue.Word(fileSystem.EffectiveIo)}");
            lifeline?.OnEnd(() => Stop(mount, session));
            return Serve(mount, session, signals);
        }
        finally
        {
            mount.Unmount();
        }
    }

    private static void Begin(FuseMount mount, FuseSession session, OverlayFileSystem fileSystem)
    {
        session.Start();
        if (!session.WaitUntilInitialized(InitTimeout))
            throw new FuseMountException(fileSystem.Refusal
                ?? $"{mount.MountPoint}: the kernel and this program did not agree on a FUSE protocol; run with -d to see what was offered");
    }

    private static int Serve(FuseMount mount, FuseSession session, StopSignals signals)
    {
        if (!NativeDaemon.AnnounceLive())
            Stop(mount, session);
        signals.OnStop(() => Stop(mount, session));
        if (!session.WaitUntilEnded(StartIsOver))
        {
            NativeDaemon.Settle();
            _ = session.WaitUntilEnded(Timeout.InfiniteTimeSpan);
        }
        return Success;
    }

    /// <summary>Detached first: whoever comes now finds the directory below, not a dead mount.</summary>
    private static void Stop(FuseMount mount, FuseSession session)
    {
        try
        {
            mount.Unmount();
        }
        finally
        {
            // A worker that hangs in a system call on a layer must not keep the process.
            if (!session.Stop())
                Environment.Exit(Hung);
        }
    }

    private static FuseMountOptions ToMountOptions(MountRequest request) => new()
    {
        MountPoint = request.MountPoint,
        Source = request.Source,
        Subtype = "overlayfuse",
        Flags = MountFlagWords.ToFlags(request.MountWords) | (request.Overlay.IsWritable ? FuseMountFlags.None : FuseMountFlags.ReadOnly),
        AllowOther = request.AllowOther ?? Sys.EffectiveUid == 0,
        UsesHelper = request.UsesHelper,
        ExtraOptions = MountFlagWords.ToLabels(request.MountWords),
    };

    private static FuseSessionOptions ToSessionOptions(MountRequest request)
    {
        var options = new FuseSessionOptions
        {
            MaxReadahead = request.MaxReadahead,
            Trace = request.Trace ? Console.Error.WriteLine : null,
            Log = LogOf(request),
        };
        return request.SingleThread ? options with { Workers = 1, MaxWorkers = 1 } : options;
    }

    /// <summary>In the background nobody could read it; and Console.Error duplicates the caller's stderr, who waits for its end.</summary>
    private static Action<string>? LogOf(MountRequest request) => request.Foreground ? Console.Error.WriteLine : null;
}
