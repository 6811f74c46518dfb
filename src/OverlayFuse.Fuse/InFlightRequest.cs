using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse;

/// <summary>
/// The request that one worker is busy with, seen by the workers that read INTERRUPT. Owned by its worker, which alone sets
/// the number; anyone may set the flag.
/// </summary>
internal sealed class InFlightRequest(InterruptTable interrupts)
{
    private ulong _unique;
    private volatile bool _interrupted;

    /// <summary>What the worker does, for the log.</summary>
    internal Opcode Opcode { get; private set; }

    internal bool IsBusy => Volatile.Read(ref _unique) != 0;

    internal bool IsSessionEnding => interrupts.SessionEnding;

    internal bool IsInterrupted => _interrupted || interrupts.SessionEnding;

    /// <summary>Publishes the number, then looks for an INTERRUPT that another worker read first: in this order, see <see cref="InterruptTable"/>.</summary>
    internal void Begin(ulong unique, Opcode opcode)
    {
        Opcode = opcode;
        _interrupted = false;
        _ = Interlocked.Exchange(ref _unique, unique); // a full fence is wanted, the old value is not
        if (interrupts.TakeParked(unique))
            _interrupted = true;
    }

    internal void End() => Volatile.Write(ref _unique, 0);

    internal bool TryInterrupt(ulong unique)
    {
        if (Volatile.Read(ref _unique) != unique)
            return false;
        _interrupted = true;
        return true;
    }
}
