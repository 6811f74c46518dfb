using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Ring;

/// <summary>
/// A thread with a ring of its own. Whatever waits in a ring is lost to callers while its thread is stuck, so a thread that may get stuck
/// holds no entry but the one that it is busy with.
/// </summary>
internal abstract class RingThread
{
    private const int StackSize = 1 << 20;

    private readonly Thread _thread;
    private volatile RingEntry? _current;

    /// <param name="owner">The owner.</param>
    /// <param name="inFlight">The record of this thread.</param>
    protected RingThread(FuseRing owner, InFlightRequest inFlight)
    {
        Owner = owner;
        InFlight = inFlight;
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "fuse-ring" };
    }

    internal InFlightRequest InFlight { get; }

    /// <summary>0 before it runs.</summary>
    internal int ThreadId { get; private set; }

    /// <summary>The entry whose request it is busy with.</summary>
    internal RingEntry? Current => _current;

    /// <summary>The descriptor of its ring; <see cref="Fd.None"/> before there is one.</summary>
    internal Fd RingFd { get; set; } = Fd.None;

    protected FuseRing Owner { get; }

    /// <exception cref="OutOfMemoryException">There is no room for one more thread.</exception>
    internal void Start() => _thread.Start();

    /// <summary>
    /// Ends its wait. A signal would interrupt the system call of an operation, so a busy thread gets none. The signal has no effect
    /// between two waits.
    /// </summary>
    internal void WakeIfIdle()
    {
        if (ThreadId != 0 && !InFlight.IsBusy)
            // A failure does no harm: callers repeat this.
            _ = Sys.WakeThread(ThreadId);
    }

    /// <summary>Serves until the session ends, or until the thread has no entry left.</summary>
    /// <param name="ring">The ring of this thread.</param>
    protected abstract void Serve(IoRing ring);

    /// <summary>The size of its ring.</summary>
    protected abstract (int Commands, int Completions) RingSize { get; }

    /// <summary>The system gives no ring.</summary>
    protected abstract void OnNoRing(Errno error);

    /// <summary>Has the session answer the request of an entry.</summary>
    /// <returns>False if another thread has answered it: the entry belongs to that one.</returns>
    protected bool TryAnswer(RingEntry entry)
    {
        ReadOnlySpan<byte> message = entry.Open(out Span<byte> reply);
        ulong unique = entry.Unique;
        _current = entry;
        try
        {
            int length = Owner.Host.Dispatch(message, reply, InFlight);
            _current = null;
            if (entry.TryClose(unique, reply, length))
                return true;
            if (length > 0)
                Owner.Host.OnUndelivered(message, reply[..length], Errno.ENOENT);
            return false;
        }
#pragma warning disable CA1031 // as in FuseWorker: a bug in one operation must not end the mount
        catch (Exception exception)
#pragma warning restore CA1031
        {
            InFlight.End();
            _current = null;
            // It is false if the request was answered before.
            return entry.TryClose(unique, reply, Owner.Host.OnException(message, reply, exception));
        }
    }

    /// <summary>Queues a command about an entry.</summary>
    protected void Queue(IoRing ring, RingEntry entry, RingCommand command, ulong userData, ulong unique = 0)
    {
        var argument = new RingCommandArgument { CommitId = unique, Queue = (ushort)entry.Queue };
        (nint, int) vectors = command == RingCommand.Register ? entry.Vectors : default;
        var bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<RingCommandArgument>(in argument));
        while (!ring.TryQueue(Owner.Device, (uint)command, userData, vectors, bytes))
        {
            if (ring.Enter(0) is not (Errno.None or Errno.EINTR or Errno.EBUSY))
                return;
        }
    }

    private void Run()
    {
        ThreadId = Sys.ThreadId;
        IoRing? ring = null;
        try
        {
            Errno error = Owner.CreateRing(RingSize, out ring);
            RingFd = ring?.Fd ?? Fd.None;
            if (error == Errno.None)
                Serve(ring!);
            else
                OnNoRing(error);
        }
        finally
        {
            // What the kernel still hands over goes into the entries: their memory lives until the thread is off the list.
            Owner.Close(this, ring);
            Owner.OnEnded(this);
        }
    }
}
