using System.Runtime.InteropServices;

namespace OverlayFuse.Cli.Mounting;

/// <summary>
/// The signals that ask for a clean end. The first one counts. Made before there is a mount: a signal that comes in between is kept until
/// <see cref="OnStop"/> says how to stop. Other signals that would end the process are ignored (native/signals.c).
/// </summary>
internal sealed class StopSignals : IDisposable
{
    /// <summary>
    /// Three have no name in .NET: SIGALRM (a caller's alarm(2) outlives exec), SIGXCPU (the hard limit follows), SIGPWR.
    /// </summary>
    private static readonly PosixSignal[] s_stopping =
    [
        PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP, PosixSignal.SIGQUIT,
        (PosixSignal)14, (PosixSignal)24, (PosixSignal)30,
    ];

    private readonly Lock _lock = new();
    private readonly PosixSignalRegistration[] _registrations;
    private Action? _stop;
    private bool _signalled;

    public StopSignals() => _registrations = [.. s_stopping.Select(Register)];

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
