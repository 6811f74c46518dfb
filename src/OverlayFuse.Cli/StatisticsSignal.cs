using System.Runtime.InteropServices;
using OverlayFuse.Cli.Mounts;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli;

/// <summary>
/// SIGUSR1 prints what the daemon tells of its mount, as with fuse-overlayfs: to the log, so in the foreground only. Made before there is a mount, which it
/// would leave dead.
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
    /// <param name="mountPoint">For the line.</param>
    /// <param name="ask">The numbers of this moment.</param>
    public void PrintTo(Action<string> log, string mountPoint, Func<LiveStatistics> ask) =>
        Volatile.Write(ref _print, () => log($"overlayfuse: {mountPoint}: {ToText(ask())}"));

    public void Dispose() => _registration.Dispose();

    internal static string ToText(in LiveStatistics told) => FormattableString.Invariant(
        $"{told.Layers} layers, {told.KnownInodes} inodes, {told.CopyUps} copied up, {told.ResidentBytes / 1e6:0.0} MB, up {MountReport.Duration(TimeSpan.FromMilliseconds(told.Uptime))}");
}
