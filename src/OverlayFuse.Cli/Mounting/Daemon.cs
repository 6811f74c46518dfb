using OverlayFuse.Cli.Native;
using OverlayFuse.Cli.Words;
using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;
using OverlayFuse.Overlay;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Operations;

namespace OverlayFuse.Cli.Mounting;

/// <summary>The life of one mount: check, mount, tell the parent, serve, unmount, clean up.</summary>
internal static class Daemon
{
    private const int Success = 0;
    private const int Hung = 1;
    private static readonly TimeSpan InitTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan WriteBackTimeout = TimeSpan.FromSeconds(30);

    /// <summary>By this time the program that mounted has done its first thing.</summary>
    private static readonly TimeSpan StartIsOver = TimeSpan.FromSeconds(1);

    /// <summary>Returns when the mount is gone.</summary>
    /// <param name="request">What to mount.</param>
    /// <param name="lifeline">The mount ends when it ends. Null: the mount has a life of its own.</param>
    /// <exception cref="MountRefusedException">The layers do not fit together.</exception>
    /// <exception cref="FuseMountException">The kernel or fusermount3 refused.</exception>
    public static int Run(MountRequest request, Lifeline? lifeline = null)
    {
        // The caller's umask is already in the modes that it sends.
        _ = Sys.UMask(0);
        bool isForeign = FuseMount.IsDescriptor(request.MountPoint);
        if (isForeign)
            OptionConflicts.RefuseForeign(request);
        using UpperHold hold = LayerChecks.Check(request.Overlay, isForeign ? null : request.MountPoint, PlainText.Complain);
        var events = new DaemonEvents(LogOf(request));
        using OverlayFileSystem fileSystem = OverlayFileSystem.Create(hold.Options with { Log = events.Add, Events = events });
        var signals = new DaemonSignals();
        FuseMount mount = FuseMount.Mount(ToMountOptions(request));
        // From here on /proc is this one.
        Proc.Hold();
        try
        {
            hold.NoteMounted(mount.DeviceNumber);
            fileSystem.OnEnding = hold.NoteEnding;
            fileSystem.OnEnded = hold.Dispose;
            var session = new FuseSession(fileSystem, mount.Device, ToSessionOptions(request, events));
            Begin(mount, session, fileSystem);
            // If it fails, the kernel's default stays.
            _ = mount.AllowReadahead(request.MaxReadahead);
            if (!mount.IsForeign)
                NativeDaemon.Watch(mount.MountPoint);
            Explain(request, hold.Options, fileSystem, session);
            var served = new Served(mount, session, fileSystem)
            {
                Hold = hold,
                MayHaveUnwritten = request.Overlay.IsWritable,
                Events = events,
            };
            lifeline?.OnEnd(() => Stop(served));
            if (LogOf(request) is { } log)
                signals.PrintTo(log, mount.MountPoint, fileSystem.Statistics);
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
        // The file system is closed next, and no request hangs in it yet.
        _ = session.Stop();
        throw new FuseMountException(fileSystem.Refusal
            ?? $"{mount.MountPoint}: the kernel and this program did not agree on a FUSE protocol; "
            + "run with -d to see what was offered");
    }

    /// <summary>Tells which options are not followed as they were written: to `overlayfuse list -l`, and with -d to the log.</summary>
    private static void Explain(MountRequest request, OverlayOptions options, OverlayFileSystem fileSystem, FuseSession session)
    {
        string[] notes = [.. request.Notes, .. new OptionNotes(options, fileSystem.EffectiveIo, Sys.EffectiveUid != 0).All()];
        fileSystem.Notes = string.Join('\n', notes);
        fileSystem.UsesRing = session.UsesRing;
        if (!request.Trace)
            return;
        PlainText.Log($"io={OptionValue.Word(fileSystem.EffectiveIo)}");
        foreach (string note in notes)
            PlainText.Log(note);
    }

    private static int Serve(Served served, DaemonSignals signals)
    {
        if (!NativeDaemon.AnnounceLive())
            Stop(served);
        served.FileSystem.ReleaseStart();
        signals.OnStop(() => Stop(served));
        if (!served.Session.WaitUntilEnded(StartIsOver))
        {
            served.Spare = MakeSpare(served);
            NativeDaemon.Settle();
            _ = served.Session.WaitUntilEnded(Timeout.InfiniteTimeSpan);
        }
        return served.IsComplete ? Success : Hung;
    }

    private static SpareThread? MakeSpare(Served served) => served.MayHaveUnwritten ? SpareThread.TryMake("write-back") : null;

    /// <summary>
    /// Ends the mount. It is detached first, so that a new caller finds the directory below and not a dead mount. A signal and the end of
    /// the lifeline may both call this; the first call counts.
    /// </summary>
    private static void Stop(Served served)
    {
        if (!served.BeginsToStop())
            return;
        try
        {
            Unwritten? unwritten = served.MayHaveUnwritten
                ? Unwritten.Of(served.Mount.MountPoint, served.Session, served.Spare ?? MakeSpare(served))
                : null;
            served.Mount.Unmount();
            served.IsComplete = unwritten?.TryCollect(served.FileSystem.CollectUnwritten, WriteBackTimeout) ?? true;
            if (!served.IsComplete)
                served.Events.Add($"{served.Mount.MountPoint}: not all that programs stored is in upperdir: "
                    + $"nothing was written for {WriteBackTimeout.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is FuseMountException or IOException)
        {
            // fusermount3 has refused, or is gone. The connection ends below all the same. No caller of this thread would catch it.
            served.Events.Add(e.Message);
        }
        finally
        {
            if (!served.Session.Stop())
                Leave(served);
        }
    }

    /// <summary>
    /// Ends the process when a worker hangs in a system call on a layer: it must not keep the process, and not the upper either. A request
    /// that was sent to another FUSE daemon cannot even be killed, and with its thread all descriptors stay open.
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

    /// <summary>
    /// The user that may enter besides root, with allow_root. The kernel guards root's own mount: without allow_other nobody else enters.
    /// </summary>
    private static uint? OnlyUser(MountRequest request) => request.AllowRoot && Sys.EffectiveUid is var user and not 0 ? user : null;

    private static FuseSessionOptions ToSessionOptions(MountRequest request, DaemonEvents events)
    {
        var options = new FuseSessionOptions
        {
            MaxReadahead = request.MaxReadahead,
            OnlyUser = OnlyUser(request),
            UsesRing = request is { UsesRing: true, SingleThread: false },
            Trace = request.Trace ? PlainText.Log : null,
            Log = events.Add,
        };
        return request.SingleThread ? options with { Workers = 1, MaxWorkers = request.MostThreads } : options;
    }

    /// <summary>
    /// The log, or null in the background. No program reads it there, and a daemon that writes it keeps a copy of the caller's stderr. A
    /// program that reads stderr to its end then waits for the daemon.
    /// </summary>
    private static Action<string>? LogOf(MountRequest request) => request.Foreground ? PlainText.Log : null;

    /// <summary>A mount that is served.</summary>
    /// <param name="Mount">The mount.</param>
    /// <param name="Session">Serves its requests.</param>
    /// <param name="FileSystem">Answers them.</param>
    private sealed record Served(FuseMount Mount, FuseSession Session, OverlayFileSystem FileSystem)
    {
        private int _stops;

        /// <summary>True as long as nothing that the kernel held is missing.</summary>
        public volatile bool IsComplete = true;

        /// <summary>Sends what is unwritten. Null until the start is over.</summary>
        public volatile SpareThread? Spare;

        /// <summary>The claim on upper and work.</summary>
        public required UpperHold Hold { get; init; }

        /// <summary>The kernel may hold data that were written or stored and not sent yet.</summary>
        public bool MayHaveUnwritten { get; init; }

        /// <summary>Takes messages about what went wrong.</summary>
        public required DaemonEvents Events { get; init; }

        /// <summary>True for the first caller only.</summary>
        public bool BeginsToStop() => Interlocked.Exchange(ref _stops, 1) == 0;
    }
}
