namespace OverlayFuse.Fuse.Workers;

/// <summary>
/// Brings an INTERRUPT to its victim. The kernel sends it as soon as the victim is read, so the worker that reads it can be ahead of the
/// victim's worker; then it is parked here. There is no race: the worker publishes its number and then looks at the parked ones; the reader
/// of the INTERRUPT parks it and then looks at the workers again. (The protocol has the kernel send an INTERRUPT again if the answer is
/// EAGAIN. That does not work with cloned descriptors: the kernel looks for the victim among the requests of the descriptor that the answer
/// is written to.) An INTERRUPT for a request that is answered already stays parked until it is overwritten; the kernel does not use a
/// number again.
/// </summary>
internal sealed class InterruptTable
{
    private readonly Lock _lock = new();
    private readonly ulong[] _parked = new ulong[64];
    private InFlightRequest[] _workers = [];
    private int _next;
    private volatile bool _anyParked;
    private volatile bool _sessionEnding;

    internal bool SessionEnding => _sessionEnding;

    internal void EndSession() => _sessionEnding = true;

    internal InFlightRequest AddWorker()
    {
        var request = new InFlightRequest(this);
        lock (_lock)
            _workers = [.. _workers, request];
        return request;
    }

    internal void RemoveWorker(InFlightRequest request)
    {
        lock (_lock)
            _workers = [.. _workers.Where(worker => worker != request)];
    }

    internal void Interrupt(ulong unique)
    {
        if (unique == 0 || TryInterrupt(unique))
            return;
        lock (_lock)
        {
            _parked[_next++ % _parked.Length] = unique;
            _anyParked = true;
        }
        Interlocked.MemoryBarrier();
        // Not found: the victim is answered, or its worker finds the parked INTERRUPT.
        _ = TryInterrupt(unique);
    }

    internal bool TakeParked(ulong unique)
    {
        if (!_anyParked)
            return false;
        lock (_lock)
        {
            int index = Array.IndexOf(_parked, unique);
            if (index < 0)
                return false;
            _parked[index] = 0;
            return true;
        }
    }

    private bool TryInterrupt(ulong unique)
    {
        foreach (InFlightRequest worker in Volatile.Read(ref _workers))
        {
            if (worker.TryInterrupt(unique))
                return true;
        }
        return false;
    }
}
