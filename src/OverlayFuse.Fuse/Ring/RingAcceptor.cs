using System.Collections.Concurrent;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Ring;

/// <summary>
/// Holds the spare entries of all queues, and gets the requests that come while all workers of a processor are busy. It gives each to a new
/// worker, together with the entry, and registers another one in its place. So it never waits for a layer, unless the system gives no more
/// threads.
/// </summary>
internal sealed class RingAcceptor(FuseRing owner, InFlightRequest inFlight, int queues) : RingThread(owner, inFlight)
{
    private const int MostCommands = 32;

    /// <summary>INIT may never be answered: the session may end first.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(5);

    /// <summary>
    /// The spare entries of a queue that is used. A request that finds none waits for the next answer in its queue, and an entry that is
    /// registered does not take it along. So they must outlast a burst of callers that are stuck for good.
    /// </summary>
    private const int Spare = 256;

    /// <summary>With fewer spare entries a queue gets new ones.</summary>
    private const int FewSpare = 64;

    /// <summary>The spare entries of a queue before its first request: fewer than <see cref="FewSpare"/>.</summary>
    private readonly int _firstSpare = Math.Clamp(64 / queues, 2, 32);

    private readonly Dictionary<ulong, RingEntry> _entries = [];
    private readonly Queue<RingEntry> _taken = [];
    private readonly int[] _held = new int[queues];
    private readonly ConcurrentQueue<(RingEntry Entry, bool IsInUse)> _answered = [];
    private readonly ManualResetEventSlim _prepared = new();
    private readonly ManualResetEventSlim _go = new();
    private volatile bool _isReady;
    private ulong _next;

    protected override (int Commands, int Completions) RingSize => (MostCommands, 4096);

    /// <summary>Hands over the reply that an entry carries. Any other thread.</summary>
    /// <param name="entry">The entry. It belongs to this thread from here on.</param>
    /// <param name="isInUse">True if another thread may still touch its memory.</param>
    internal void Commit(RingEntry entry, bool isInUse)
    {
        _answered.Enqueue((entry, isInUse));
        // The signal is repeated. A thread that answers in place of others does not wait long.
        for (int i = 0; (i < 50 || !isInUse) && !_answered.IsEmpty && !Owner.IsEnding; i++)
        {
            // It looks by itself after a request.
            WakeIfIdle();
            Thread.Sleep(1);
        }
    }

    /// <summary>Waits until this thread has its ring and an entry for each queue, or cannot have them.</summary>
    /// <returns>True if it has them.</returns>
    internal bool WaitUntilPrepared()
    {
        _prepared.Wait();
        return _isReady;
    }

    /// <summary>INIT is answered: the kernel takes entries.</summary>
    internal void Go() => _go.Set();

    protected override void Serve(IoRing ring)
    {
        if (!TryPrepare(out RingEntry[] first))
            return;
        foreach (RingEntry entry in first)
            Queue(ring, entry, RingCommand.Register, Keep(entry));
        // The kernel begins to use the queues once each has an entry.
        if (!TryEnter(ring, 0))
            return;
        RegisterInAll(ring, _firstSpare - 1);
        while (!Owner.IsEnding)
        {
            CommitAnswered(ring);
            // A thread is made between two looks: spare entries come first.
            if (!TryEnter(ring, _taken.Count == 0 ? 1 : 0) || !TryTake(ring) || !TryEnter(ring, 0))
                return;
            if (_taken.TryDequeue(out RingEntry? entry))
                GiveAway(ring, entry);
        }
    }

    /// <summary>/dev/fuse serves.</summary>
    protected override void OnNoRing(Errno error) => _prepared.Set();

    /// <summary>Makes an entry for each queue, and waits until INIT is answered.</summary>
    /// <returns>False if there is no memory, or if the session ends before.</returns>
    private bool TryPrepare(out RingEntry[] first)
    {
        first = new RingEntry[queues];
        for (int queue = 0; queue < queues; queue++)
        {
            if (Owner.Memory.TryMake(queue, out RingEntry? entry) != Errno.None)
            {
                _prepared.Set();
                return false;
            }
            first[queue] = entry!;
        }
        _isReady = true;
        _prepared.Set();
        while (!_go.Wait(s_look))
        {
            if (Owner.IsEnding)
                return false;
        }
        return true;
    }

    private void RegisterInAll(IoRing ring, int count)
    {
        for (int i = 0; i < count * queues; i++)
            // Without memory there are fewer.
            _ = Register(ring, i % queues);
    }

    private bool Register(IoRing ring, int queue)
    {
        Errno error = Owner.Memory.TryMake(queue, out RingEntry? entry);
        if (error == Errno.None)
            Queue(ring, entry!, RingCommand.Register, Keep(entry!));
        else
            Owner.OnFailure("the memory of an entry", error);
        return error == Errno.None;
    }

    /// <summary>A new entry comes before those that were used, and takes memory of its own. So it waits until few are left.</summary>
    private void Refill(IoRing ring, int queue)
    {
        if (_held[queue] >= FewSpare)
            return;
        while (_held[queue] < Spare && Register(ring, queue))
        {
        }
    }

    private ulong Keep(RingEntry entry)
    {
        _held[entry.Queue]++;
        _entries.Add(++_next, entry);
        return _next;
    }

    private bool TryEnter(IoRing ring, int completions)
    {
        Errno error = ring.Enter(completions);
        if (error is Errno.None or Errno.EINTR or Errno.EBUSY)
            return true;
        Owner.OnFailure("io_uring_enter", error);
        // Callers would wait for ever.
        Owner.EndSession();
        return false;
    }

    /// <summary>Takes the entries that carry a request.</summary>
    private bool TryTake(IoRing ring)
    {
        while (ring.TryTake(out ulong key, out Errno error))
        {
            if (error != Errno.None && Owner.IsOver(error))
                return false;
            // The kernel refuses an entry when it has no memory. The others stay.
            if (!_entries.Remove(key, out RingEntry? entry))
                continue;
            _held[entry.Queue]--;
            if (error != Errno.None)
                continue;
            _taken.Enqueue(entry);
            Refill(ring, entry.Queue);
        }
        return true;
    }

    private void GiveAway(IoRing ring, RingEntry entry)
    {
        if (!Owner.TryGive(entry) && TryAnswer(entry))
            Queue(ring, entry, RingCommand.CommitAndFetch, Keep(entry), entry.Unique);
    }

    /// <summary>
    /// An entry whose memory another thread may still touch must not be used soon. So others are put on top of it.
    /// </summary>
    private void CommitAnswered(IoRing ring)
    {
        while (_answered.TryDequeue(out (RingEntry Entry, bool IsInUse) answered))
        {
            Queue(ring, answered.Entry, RingCommand.CommitAndFetch, Keep(answered.Entry), answered.Entry.Unique);
            for (int i = 0; i < Spare && answered.IsInUse; i++)
                _ = Register(ring, answered.Entry.Queue);
        }
    }
}
