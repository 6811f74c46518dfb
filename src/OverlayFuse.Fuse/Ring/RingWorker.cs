using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Ring;

/// <summary>
/// Serves one entry, on the processor whose callers use it. It begins with a request that the <see cref="RingAcceptor"/> got; its answer
/// brings the entry to this thread's ring. The kernel takes the entry that was answered last first, so that entries of workers come before
/// those of the acceptor. A worker that does not stay, or that gets no ring, serves this one request, and the acceptor hands the answer
/// over.
/// </summary>
internal sealed class RingWorker(FuseRing owner, InFlightRequest inFlight, RingEntry entry, bool stays) : RingThread(owner, inFlight)
{
    private bool _isBound;

    /// <summary>True if it is one of the workers of a processor that stay.</summary>
    internal bool StaysIn(int queue) => stays && entry.Queue == queue;

    protected override (int Commands, int Completions) RingSize => stays ? (1, 2) : default;

    protected override void Serve(IoRing ring)
    {
        do
        {
            ChooseProcessor();
            if (!TryAnswer(entry))
                // The acceptor has it now.
                return;
            Queue(ring, entry, RingCommand.CommitAndFetch, 0, entry.Unique);
        }
        while (AwaitRequest(ring));
    }

    /// <summary>
    /// Stays on the caller's processor for what is short. What moves much data is often read ahead: the caller goes on meanwhile.
    /// </summary>
    private void ChooseProcessor()
    {
        bool bound = !entry.MovesMuchData;
        if (bound == _isBound)
            return;
        _isBound = bound;
        // It fails where this process may not use the processor. Then the worker is slower.
        _ = bound ? Sys.PinThread(entry.Queue) : Sys.UnpinThread();
    }

    protected override void OnNoRing(Errno error)
    {
        if (error != Errno.EMFILE)
            Owner.OnFailure("io_uring_setup", error);
        if (TryAnswer(entry))
            Owner.Commit(entry);
    }

    private bool AwaitRequest(IoRing ring)
    {
        Errno error;
        do
        {
            if ((error = ring.Enter(1)) is not (Errno.None or Errno.EINTR or Errno.EBUSY))
            {
                Owner.OnFailure("io_uring_enter", error);
                return false;
            }
            if (!ring.TryTake(out _, out error))
                continue;
            if (error != Errno.None)
                // It logs what is not the end. The kernel has the entry no more in any case.
                _ = Owner.IsOver(error);
            return error == Errno.None;
        }
        while (!Owner.IsEnding);
        return false;
    }
}
