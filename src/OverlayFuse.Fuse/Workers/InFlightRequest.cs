using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse.Workers;

/// <summary>
/// The request that one worker is busy with, seen by the workers that read INTERRUPT. Owned by its worker, which alone sets
/// the number; anyone may set the flag.
/// </summary>
internal sealed class InFlightRequest(InterruptTable interrupts)
{
    private ulong _unique;
    private ulong _sampled;
    private ulong _seenAtEnd;
    private volatile bool _interrupted;

    /// <summary>What the worker does, for the log.</summary>
    internal Opcode Opcode { get; private set; }

    internal bool IsBusy => Unique != 0;

    /// <summary>The number of the request; 0: there is none.</summary>
    internal ulong Unique => Volatile.Read(ref _unique);

    internal bool IsSessionEnding => interrupts.SessionEnding;

    internal bool IsInterrupted => _interrupted || interrupts.SessionEnding;

    /// <summary>
    /// Publishes the number, then looks for an INTERRUPT that another worker read first: in this order, see <see cref="InterruptTable"/>.
    /// </summary>
    internal void Begin(ulong unique, Opcode opcode)
    {
        Opcode = opcode;
        _interrupted = false;
        _ = Interlocked.Exchange(ref _unique, unique); // a full fence is wanted, the old value is not
        if (interrupts.TakeParked(unique))
            _interrupted = true;
    }

    /// <summary>Called by the pool's supervisor only: remembers which request the worker is busy with.</summary>
    internal void Sample() => _sampled = Volatile.Read(ref _unique);

    /// <summary>Still the same request as at the last <see cref="Sample"/>.</summary>
    internal bool IsStuck => _sampled != 0 && Volatile.Read(ref _unique) == _sampled;

    /// <summary>
    /// The number of the READ that the worker was busy with at the last call already; 0: of none. Called by one thread only.
    /// </summary>
    internal ulong StuckRead()
    {
        ulong unique = Volatile.Read(ref _unique);
        bool isStuck = unique != 0 && unique == _seenAtEnd;
        _seenAtEnd = unique;
        return isStuck && Opcode == Opcode.Read ? unique : 0; // busy with one and the same for so long: the opcode is its own
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
