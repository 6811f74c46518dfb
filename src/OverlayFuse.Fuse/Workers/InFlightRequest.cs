using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse.Workers;

/// <summary>
/// The request that one worker is busy with; workers that read INTERRUPT see it. The worker owns it and alone sets the number. Any thread
/// may set the flag.
/// </summary>
internal sealed class InFlightRequest(InterruptTable interrupts)
{
    private ulong _unique;
    private ulong _sampled;
    private ulong _seenAtEnd;
    private volatile bool _interrupted;

    /// <summary>The operation, for the log.</summary>
    internal Opcode Opcode { get; private set; }

    internal bool IsBusy => Unique != 0;

    /// <summary>The number of the request; 0 if there is none.</summary>
    internal ulong Unique => Volatile.Read(ref _unique);

    internal bool IsSessionEnding => interrupts.SessionEnding;

    internal bool IsInterrupted => _interrupted || interrupts.SessionEnding;

    /// <summary>
    /// Publishes the number, then looks for an INTERRUPT that another worker read first. For the order see <see cref="InterruptTable"/>.
    /// </summary>
    internal void Begin(ulong unique, Opcode opcode)
    {
        Opcode = opcode;
        _interrupted = false;
        // Exchange is a full fence. The old value has no use.
        _ = Interlocked.Exchange(ref _unique, unique);
        if (interrupts.TakeParked(unique))
            _interrupted = true;
    }

    /// <summary>Remembers which request the worker is busy with. Only the supervisor of the pool calls it.</summary>
    internal void Sample() => _sampled = Volatile.Read(ref _unique);

    /// <summary>True if the worker is busy with the same request as at the last <see cref="Sample"/>.</summary>
    internal bool IsStuck => _sampled != 0 && Volatile.Read(ref _unique) == _sampled;

    /// <summary>
    /// The number of the READ that the worker was busy with at the last call already; 0 if there is none. Only one thread may call it.
    /// </summary>
    internal ulong StuckRead()
    {
        ulong unique = Volatile.Read(ref _unique);
        bool isStuck = unique != 0 && unique == _seenAtEnd;
        _seenAtEnd = unique;
        // The worker is busy with one request for so long that the opcode belongs to it.
        return isStuck && Opcode == Opcode.Read ? unique : 0;
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
