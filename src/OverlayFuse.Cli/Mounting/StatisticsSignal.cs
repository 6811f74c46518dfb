using System.Globalization;
using System.Runtime.InteropServices;
using OverlayFuse.Cli.Mounts;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Mounting;

/// <summary>
/// SIGUSR1 prints the statistics of the mount, as with fuse-overlayfs: to the log, so in the foreground only. Made before there is a mount:
/// unhandled, the signal would leave it dead.
/// </summary>
internal sealed class StatisticsSignal : IDisposable
{
    private const PosixSignal SIGUSR1 = (PosixSignal)10;

    private readonly PosixSignalRegistration _registration;
    private Action? _print;

    public StatisticsSignal() => _registration = PosixSignalRegistration.Create(SIGUSR1, context =>
    {
        context.Cancel = true;
        Volatile.Read(ref _print)?.Invoke();
    });

    /// <param name="log">Gets one line for each signal, on another thread.</param>
    /// <param name="mountPoint">Named in the line.</param>
    /// <param name="ask">Gives the numbers of this moment.</param>
    public void PrintTo(Action<string> log, string mountPoint, Func<LiveStatistics> ask) =>
        Volatile.Write(ref _print, () => log($"overlayfuse: {mountPoint}: {ToText(ask())}"));

    public void Dispose() => _registration.Dispose();

    internal static string ToText(in LiveStatistics told)
    {
        string uptime = MountReport.Duration(TimeSpan.FromMilliseconds(told.Uptime));
        return string.Create(CultureInfo.InvariantCulture,
            $"{told.Layers} layers, {told.KnownInodes} inodes, {told.CopyUps} copied up, {told.ResidentBytes / 1e6:0.0} MB, up {uptime}");
    }
}
