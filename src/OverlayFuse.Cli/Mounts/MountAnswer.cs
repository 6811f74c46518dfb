using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Mounts;

/// <summary>Whether a mount's daemon answers.</summary>
internal enum MountState
{
    /// <summary>It answers.</summary>
    Live,

    /// <summary>It is gone; the mount is left over.</summary>
    Dead,

    /// <summary>It has not answered in time.</summary>
    Silent,

    /// <summary>Another mount lies over this one, or we may not enter it, or its daemon is of an older version.</summary>
    Unknown,
}

/// <summary>What a mount's daemon says when it is asked.</summary>
/// <param name="State">Whether it answers.</param>
/// <param name="Statistics">What it says; null unless it answers.</param>
/// <param name="Layers">Role and path, topmost first.</param>
internal sealed record MountAnswer(MountState State, LiveStatistics? Statistics, IReadOnlyList<(string Role, string Path)> Layers)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>Its process id, where it counts in our process namespace.</summary>
    public int? ProcessId => Statistics is { ProcessNamespace: not 0 } told && told.ProcessNamespace == LiveStatistics.OwnProcessNamespace ? told.ProcessId : null;

    /// <summary>
    /// Asks, in a thread of its own: one that hangs is left behind, and it can take the ids of the mount's owner. FUSE lets nobody else in without
    /// allow_other, not even root.
    /// </summary>
    public static MountAnswer Of(MountEntry entry)
    {
        MountAnswer answer = Nothing(MountState.Silent);
        var thread = new Thread(() =>
        {
            if (Sys.EffectiveUid == 0 && LiveMount.Owner(entry) is { } uid and not 0)
                _ = Sys.AssumeUser(uid, uint.TryParse(entry.Option("group_id"), out uint gid) ? gid : uid); // if not, the mount refuses
            Volatile.Write(ref answer, Ask(entry));
        }) { IsBackground = true };
        thread.Start();
        _ = thread.Join(s_patience);
        return Volatile.Read(ref answer);
    }

    private static MountAnswer Ask(MountEntry entry)
    {
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(entry.MountPoint), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened);
        if (error != Errno.None)
            return Nothing(IsGone(error) ? MountState.Dead : MountState.Unknown);
        using var root = new ScopedFd(opened);
        error = Sys.FStatx(root, out Statx stat);
        if (error != Errno.None)
            return Nothing(IsGone(error) ? MountState.Dead : MountState.Unknown);
        if ($"{stat.DevMajor}:{stat.DevMinor}" != entry.Device)
            return Nothing(MountState.Unknown);
        error = LiveControl.Ask(root, out LiveStatistics statistics);
        return error == Errno.None
            ? new MountAnswer(MountState.Live, statistics, ReadLayers(root))
            : Nothing(IsGone(error) ? MountState.Dead : MountState.Unknown);
    }

    private static List<(string Role, string Path)> ReadLayers(Fd root)
    {
        var layers = new List<(string, string)>();
        while (LiveControl.List(root, layers.Count, out string role, out string path) == Errno.None)
            layers.Add((role, path));
        return layers;
    }

    private static bool IsGone(Errno error) => error is Errno.ENOTCONN or Errno.ECONNABORTED;

    private static MountAnswer Nothing(MountState state) => new(state, null, []);
}
