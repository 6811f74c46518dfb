using System.Globalization;
using OverlayFuse.Cli.Mounts;
using OverlayFuse.Cli.Native;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Mounting;

/// <summary>
/// The signals that ask for a clean end, of which the first one counts, and SIGUSR1. Made before there is a mount: a signal that comes in
/// between is kept until <see cref="OnStop"/> says how to stop. Other signals that would end the process are ignored (native/signals.c).
/// </summary>
internal sealed class DaemonSignals
{
    private const int SIGUSR1 = 10;

    /// <summary>
    /// SIGHUP, SIGINT, SIGQUIT, SIGALRM (a caller's alarm(2) outlives exec), SIGTERM, SIGXCPU (the hard limit follows), SIGPWR.
    /// </summary>
    private static readonly int[] s_stopping = [1, 2, 3, 14, 15, 24, 30];

    private readonly Lock _lock = new();
    private Action? _stop;
    private Action? _print;
    private bool _signalled;

    public DaemonSignals() => NativeSignals.Take([.. s_stopping, SIGUSR1], Take);

    /// <summary>Calls <paramref name="stop"/> once: on another thread, or at once if the signal was faster.</summary>
    public void OnStop(Action stop)
    {
        lock (_lock)
        {
            _stop = stop;
            if (!_signalled)
                return;
        }
        stop();
    }

    /// <summary>SIGUSR1 prints the statistics of the mount, as with fuse-overlayfs: to the log, so in the foreground only.</summary>
    /// <param name="log">Gets one line for each signal, on another thread.</param>
    /// <param name="mountPoint">Named in the line.</param>
    /// <param name="ask">Gives the numbers of this moment.</param>
    public void PrintTo(Action<string> log, string mountPoint, Func<LiveStatistics> ask) =>
        Volatile.Write(ref _print, () => log($"overlayfuse: {mountPoint}: {ToText(ask())}"));

    private void Take(int number)
    {
        if (number == SIGUSR1)
            Volatile.Read(ref _print)?.Invoke();
        else
            Stop();
    }

    private void Stop()
    {
        Action? stop;
        lock (_lock)
        {
            stop = _signalled ? null : _stop;
            _signalled = true;
        }
        stop?.Invoke();
    }

    private static string ToText(in LiveStatistics told)
    {
        string uptime = MountReport.Duration(TimeSpan.FromMilliseconds(told.Uptime));
        return string.Create(CultureInfo.InvariantCulture,
            $"{told.Layers} layers, {told.KnownInodes} inodes, {told.CopyUps} copied up, {told.ResidentBytes / 1e6:0.0} MB, up {uptime}");
    }
}
