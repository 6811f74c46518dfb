using System.Runtime.InteropServices;

namespace OverlayFuse.Cli;

/// <summary>SIGTERM, SIGINT and SIGHUP end the mount; the first one counts.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly Action _stop;
    private readonly PosixSignalRegistration[] _registrations;
    private int _stopped;

    public StopSignals(Action stop)
    {
        _stop = stop;
        _registrations = [Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGINT), Register(PosixSignal.SIGHUP)];
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
            _stop();
    });
}
