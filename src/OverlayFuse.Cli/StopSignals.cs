using System.Runtime.InteropServices;

namespace OverlayFuse.Cli;

/// <summary>
/// SIGTERM, SIGINT and SIGHUP end the mount; the first one counts. Made before there is a mount: one that comes in between is kept
/// until <see cref="OnStop"/> says how to stop.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly Lock _lock = new();
    private readonly PosixSignalRegistration[] _registrations;
    private Action? _stop;
    private bool _signalled;

    public StopSignals() =>
        _registrations = [Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGINT), Register(PosixSignal.SIGHUP)];

    /// <summary>Called once, on another thread, or at once when the signal was faster.</summary>
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

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        Action? stop;
        lock (_lock)
        {
            stop = _signalled ? null : _stop;
            _signalled = true;
        }
        stop?.Invoke();
    });
}
