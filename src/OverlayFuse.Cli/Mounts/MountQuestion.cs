using OverlayFuse.Linux;
using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Mounts;

/// <summary>
/// Asks a mount's daemon, in a thread of its own: one that hangs is left behind, and keeps the mount busy; and it can take the ids of the mount's owner, as
/// FUSE lets nobody else in without allow_other, not even root.
/// </summary>
internal sealed class MountQuestion
{
    /// <summary>Who has not answered by then is silent.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Thread _asker;
    private MountAnswer _answer = MountAnswer.Nothing(MountState.Silent);

    public MountQuestion(MountEntry entry)
    {
        _asker = new Thread(() =>
        {
            if (Sys.EffectiveUid == 0 && LiveMount.Owner(entry) is { } uid and not 0)
                _ = Sys.AssumeUser(uid, uint.TryParse(entry.Option("group_id"), out uint gid) ? gid : uid); // if not, the mount refuses
            Volatile.Write(ref _answer, Ask(entry));
        })
        { IsBackground = true };
        _asker.Start();
    }

    /// <param name="patience">How long to wait from now on.</param>
    /// <returns>A silent one, if there is none by then.</returns>
    public MountAnswer Await(TimeSpan patience)
    {
        _ = _asker.Join((int)Math.Clamp(patience.TotalMilliseconds, 0, int.MaxValue));
        return Volatile.Read(ref _answer);
    }

    private static MountAnswer Ask(MountEntry entry)
    {
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(entry.MountPoint), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened);
        if (error != Errno.None)
            return None(error);
        using var root = new ScopedFd(opened);
        error = Sys.FStatx(root, out Statx stat);
        if (error != Errno.None)
            return None(error);
        if ($"{stat.DevMajor}:{stat.DevMinor}" != entry.Device)
            return MountAnswer.Nothing(MountState.Unknown);
        error = LiveControl.Ask(root, out LiveStatistics statistics);
        return error == Errno.None ? new MountAnswer(MountState.Live, statistics, ReadLayers(root)) : None(error);
    }

    private static MountAnswer None(Errno error) =>
        MountAnswer.Nothing(error is Errno.ENOTCONN or Errno.ECONNABORTED ? MountState.Dead : MountState.Unknown);

    private static List<(string Role, string Path)> ReadLayers(Fd root)
    {
        var layers = new List<(string, string)>();
        while (LiveControl.List(root, layers.Count, out string role, out string path) == Errno.None)
            layers.Add((role, path));
        return layers;
    }
}
