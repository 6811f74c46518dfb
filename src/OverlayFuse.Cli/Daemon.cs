using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Operations;

namespace OverlayFuse.Cli;

/// <summary>One mount's life: check, mount, tell the parent, serve, unmount, clean up.</summary>
internal static class Daemon
{
    private const int Success = 0;
    private const int Hung = 1;
    private const int WorkersThatWriteBack = 16;
    private static readonly TimeSpan InitTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WriteBackTimeout = TimeSpan.FromSeconds(30);

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
        bool isForeign = FuseMount.IsDescriptor(request.MountPoint);
        if (isForeign)
            OptionConflicts.RefuseForeign(request);
        using UpperHold hold = LayerChecks.Check(request.Overlay, isForeign ? null : request.MountPoint);
        using OverlayFileSystem fileSystem = OverlayFileSystem.Create(hold.Options with { Log = LogOf(request) });
        using var signals = new StopSignals();
        using var statistics = new StatisticsSignal();
        FuseMount mount = FuseMount.Mount(ToMountOptions(request));
        Proc.Hold(); // and no other directory
        try
        {
            hold.NoteMounted(mount.DeviceNumber);
            fileSystem.OnEnding = hold.NoteEnding;
            fileSystem.OnEnded = hold.Dispose;
            var session = new FuseSession(fileSystem, mount.Device, ToSessionOptions(request));
            Begin(mount, session, fileSystem);
            _ = mount.AllowReadahead(request.MaxReadahead); // no: the kernel's default stays
            if (!mount.IsForeign)
                NativeDaemon.Watch(mount.MountPoint);
            if (request.Trace)
                PlainText.Log($"io={OptionValue.Word(fileSystem.EffectiveIo)}");
            var served = new Served(mount, session, fileSystem) { Hold = hold, MayHaveUnwritten = request.Overlay.IsWritable, Log = LogOf(request) };
            lifeline?.OnEnd(() => Stop(served));
            if (LogOf(request) is { } log)
                statistics.PrintTo(log, mount.MountPoint, fileSystem.Statistics);
            return Serve(served, signals);
        }
        finally
        {
            mount.Unmount();
        }
    }

    private static void Begin(FuseMount mount, FuseSession session, OverlayFileSystem fileSystem)
    {
        session.Start();
        if (session.WaitUntilInitialized(InitTimeout))
            return;
        _ = session.Stop(); // the file system is closed next; whatever hangs is not in it yet
        throw new FuseMountException(fileSystem.Refusal
                ?? $"{mount.MountPoint}: the kernel and this program did not agree on a FUSE protocol; run with -d to see what was offered");
    }

    private static int Serve(Served served, StopSignals signals)
    {
        if (!NativeDaemon.AnnounceLive())
            Stop(served);
        signals.OnStop(() => Stop(served));
        if (!served.Session.WaitUntilEnded(StartIsOver))
        {
            NativeDaemon.Settle();
            _ = served.Session.WaitUntilEnded(Timeout.InfiniteTimeSpan);
        }
        return served.IsComplete ? Success : Hung;
    }

    /// <summary>
    /// Detached first: whoever comes now finds the directory below, not a dead mount. A signal and the end of the lifeline may both come here; the first counts.
    /// </summary>
    private static void Stop(Served served)
    {
        if (!served.BeginsToStop())
            return;
        try
        {
            Unwritten? unwritten = served.MayHaveUnwritten ? Unwritten.Of(served.Mount.MountPoint, served.Session) : null;
            served.Mount.Unmount();
            served.IsComplete = unwritten?.TryCollect(served.FileSystem.CollectUnwritten, WriteBackTimeout) ?? true;
            if (!served.IsComplete)
                served.Log?.Invoke($"{served.Mount.MountPoint}: not all that programs stored is in upperdir: nothing was written for {WriteBackTimeout.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is FuseMountException or IOException)
        {
            // fusermount3 has refused, or is gone: the connection ends below all the same. Nobody above this thread would catch it.
            served.Log?.Invoke(e.Message);
        }
        finally
        {
            if (!served.Session.Stop())
                Leave(served);
        }
    }

    /// <summary>
    /// A worker that hangs in a system call on a layer must not keep the process, and not the upper either: a request that was sent to another FUSE
    /// daemon cannot even be killed, and with its thread all descriptors stay open.
    /// </summary>
    private static void Leave(Served served)
    {
        served.Hold.Dispose();
        Environment.Exit(served.IsComplete ? Success : Hung);
    }

    private static FuseMountOptions ToMountOptions(MountRequest request) => new()
    {
        MountPoint = request.MountPoint,
        Source = request.Source,
        Subtype = "overlayfuse",
        Flags = MountFlagWords.ToFlags(request.MountWords) | (request.Overlay.IsWritable ? FuseMountFlags.None : FuseMountFlags.ReadOnly),
        AllowOther = request.AllowRoot ? OnlyUser(request) is not null : request.AllowOther ?? Sys.EffectiveUid == 0,
        UsesHelper = request.UsesHelper,
        ExtraOptions = MountFlagWords.ToLabels(request.MountWords),
    };

    /// <summary>With allow_root, who may enter besides root. Root's own mount is the kernel's to guard: without allow_other nobody else enters.</summary>
    private static uint? OnlyUser(MountRequest request) => request.AllowRoot && Sys.EffectiveUid is var user and not 0 ? user : null;

    private static FuseSessionOptions ToSessionOptions(MountRequest request)
    {
        var options = new FuseSessionOptions
        {
            MaxReadahead = request.MaxReadahead,
            OnlyUser = OnlyUser(request),
            Trace = request.Trace ? PlainText.Log : null,
            Log = LogOf(request),
        };
        // some requests make the kernel write back, and wait for it: that takes other workers
        return request.SingleThread ? options with { Workers = 1, MaxWorkers = request.Overlay.WriteBack ? WorkersThatWriteBack : 1 } : options;
    }

    /// <summary>In the background nobody could read it; and what writes to standard error duplicates the caller's stderr, who waits for its end.</summary>
    private static Action<string>? LogOf(MountRequest request) => request.Foreground ? PlainText.Log : null;

    /// <summary>A mount that is served.</summary>
    /// <param name="Mount">Where.</param>
    /// <param name="Session">By whom.</param>
    /// <param name="FileSystem">What it shows.</param>
    private sealed record Served(FuseMount Mount, FuseSession Session, OverlayFileSystem FileSystem)
    {
        private int _stops;

        /// <summary>Whether all that the kernel held has come.</summary>
        public volatile bool IsComplete = true;

        /// <summary>The claim on upper and work.</summary>
        public required UpperHold Hold { get; init; }

        /// <summary>The kernel may hold what was written or stored and not sent yet.</summary>
        public bool MayHaveUnwritten { get; init; }

        /// <summary>Takes what went wrong; null: nobody could read it.</summary>
        public Action<string>? Log { get; init; }

        /// <summary>True for the first caller.</summary>
        public bool BeginsToStop() => Interlocked.Exchange(ref _stops, 1) == 0;
    }
}
