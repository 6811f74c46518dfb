using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Ring;

/// <summary>
/// FUSE over io_uring (Linux 6.14, fuse.enable_uring): a request is handed over on the processor of its caller, and so is the answer,
/// while /dev/fuse wakes a thread on another one. /dev/fuse goes on to carry FORGET and INTERRUPT. <see cref="_lock"/> guards the list of
/// threads, comes before the pool's lock nowhere, and is not held over a system call of an operation. Any thread.
/// </summary>
internal sealed class FuseRing
{
    /// <summary>
    /// The most data in one request, in bytes. An entry that was used keeps its memory, and a burst uses as many as there are callers.
    /// </summary>
    internal const int MostData = 128 << 10;

    /// <summary>The workers of one processor that stay. Others serve one request.</summary>
    private const int StayingOfQueue = 8;

    /// <summary>So many threads have a ring, which is a descriptor each. Threads that are stuck leave the others to files.</summary>
    private static readonly int s_mostRings = (int)Math.Min(1024, Sys.OpenFilesLimit / 8);

    private readonly SafeFd _device;
    private readonly InterruptTable _interrupts;
    private readonly Action _onEnded;
    private readonly int _limit;
    private readonly Lock _lock = new();
    private readonly List<RingThread> _threads = [];
    private RingAcceptor? _acceptor;
    private int _rings;
    private volatile bool _saidFailure;

    /// <param name="host">Answers the requests.</param>
    /// <param name="device">/dev/fuse, mounted; each thread takes a reference.</param>
    /// <param name="interrupts">Knows the request of each thread, and whether the session ends.</param>
    /// <param name="size">The most threads, and the most data in one request or reply.</param>
    /// <param name="onEnded">Called when a thread has ended.</param>
    internal FuseRing(IWorkerHost host, SafeFd device, InterruptTable interrupts, PoolSize size, Action onEnded)
    {
        Host = host;
        _device = device;
        _interrupts = interrupts;
        _onEnded = onEnded;
        _limit = size.Limit;
        Memory = new RingMemory(Math.Max(Math.Min(size.Buffer, MostData), Environment.SystemPageSize));
    }

    internal IWorkerHost Host { get; }

    internal Fd Device => _device.Fd;

    internal RingMemory Memory { get; }

    internal bool IsEnding => _interrupts.SessionEnding;

    /// <summary>True if no thread runs.</summary>
    internal bool HasEnded
    {
        get
        {
            lock (_lock)
                return _threads.Count == 0;
        }
    }

    /// <summary>True if rings can be made here, and the kernel's queues can be counted.</summary>
    private static bool IsPossible => Processors.Possible > 0 && IoRing.IsAllowed;

    /// <summary>
    /// Makes all that the ring cannot do without, before INIT is answered. An answer with the flag cannot be taken back, and limits of
    /// threads, memory and locked memory (RLIMIT_MEMLOCK counts the ring of an ordinary user) leave a mount that serves nobody.
    /// </summary>
    /// <returns>False if that is not possible here: /dev/fuse serves.</returns>
    internal bool TryPrepare()
    {
        if (!IsPossible)
            return false;
        _acceptor = new RingAcceptor(this, _interrupts.AddWorker(), Processors.Possible);
        return TryStart(_acceptor) && _acceptor.WaitUntilPrepared();
    }

    /// <summary>
    /// Lets the prepared acceptor go. The kernel holds all requests back until it has an entry for each processor, or until it refuses one.
    /// </summary>
    internal void Start() => _acceptor!.Go();

    /// <summary>Gives an entry with its request to a new worker.</summary>
    /// <returns>False if there are as many threads as may be, or if the system gives no more.</returns>
    internal bool TryGive(RingEntry entry)
    {
        if (_threads.Count >= _limit)
            return false;
        bool stays = Threads().Count(thread => thread is RingWorker worker && worker.StaysIn(entry.Queue)) < StayingOfQueue;
        return TryStart(new RingWorker(this, _interrupts.AddWorker(), entry, stays));
    }

    /// <summary>Answers ENOTCONN to requests in place of the threads that are busy with them.</summary>
    /// <param name="choose">The number of the request to answer; 0 leaves the thread alone.</param>
    internal void FailRequests(Func<InFlightRequest, ulong> choose)
    {
        foreach (RingThread thread in Threads())
        {
            if (choose(thread.InFlight) is not 0 and var unique && thread != _acceptor && thread.Current is { } entry &&
                entry.TryFail(unique, Errno.ENOTCONN))
                _acceptor!.Commit(entry, isInUse: true);
        }
    }

    /// <summary>Hands over the reply that an entry carries, for a thread without a ring.</summary>
    internal void Commit(RingEntry entry) => _acceptor!.Commit(entry, isInUse: false);

    /// <summary>Ends the session: nothing can be served.</summary>
    internal void EndSession() => _interrupts.EndSession();

    /// <summary>The records of the threads.</summary>
    internal IEnumerable<InFlightRequest> Requests() => Threads().Select(thread => thread.InFlight);

    /// <summary>The lock keeps each thread id in the list that of a live thread.</summary>
    internal void WakeIdle()
    {
        lock (_lock)
        {
            foreach (RingThread thread in _threads)
                thread.WakeIfIdle();
        }
    }

    /// <summary>Closes the rings of threads that hang. The numbers stay taken.</summary>
    /// <param name="nothing">/dev/null.</param>
    internal void Abort(Fd nothing)
    {
        lock (_lock)
        {
            foreach (RingThread thread in _threads.Where(thread => thread.RingFd.IsOpen))
                // This cannot fail between two open descriptors.
                _ = Sys.ReplaceDescriptor(nothing, thread.RingFd);
        }
    }

    /// <summary>Tells, for a command that came back with an error, if the connection is over.</summary>
    internal bool IsOver(Errno error)
    {
        // Unmounted or aborted.
        if (error is Errno.ENOTCONN or Errno.ECONNABORTED or Errno.ENODEV or Errno.ECANCELED)
            return true;
        OnFailure("a command", error);
        return false;
    }

    /// <summary>Something failed that the ring cannot go on without.</summary>
    internal void OnFailure(string what, Errno error)
    {
        if (!_saidFailure && !IsEnding)
            Host.Log($"FUSE over io_uring: {what}: {error}");
        _saidFailure = true;
    }

    /// <summary>Makes the ring of the calling thread.</summary>
    /// <param name="size">The most commands and completions; none: the thread needs no ring.</param>
    /// <param name="ring">The ring; null on failure.</param>
    /// <returns>EMFILE if there are as many as may be.</returns>
    internal Errno CreateRing((int Commands, int Completions) size, out IoRing? ring)
    {
        ring = null;
        Errno error = Interlocked.Increment(ref _rings) <= s_mostRings && size.Commands > 0
            ? IoRing.Create(size.Commands, size.Completions, out ring)
            : Errno.EMFILE;
        if (error != Errno.None)
            _ = Interlocked.Decrement(ref _rings);
        return error;
    }

    /// <summary>Closes the ring of a thread that ends. Its number then belongs to somebody else.</summary>
    internal void Close(RingThread thread, IoRing? ring)
    {
        lock (_lock)
            thread.RingFd = Fd.None;
        if (ring is null)
            return;
        ring.Dispose();
        _ = Interlocked.Decrement(ref _rings);
    }

    /// <summary>A thread ends, or did not start.</summary>
    internal void OnEnded(RingThread thread)
    {
        lock (_lock)
        {
            _ = _threads.Remove(thread);
            if (_threads.Count == 0)
                Memory.Dispose();
        }
        _interrupts.RemoveWorker(thread.InFlight);
        _device.Release();
        _onEnded();
    }

    private RingThread[] Threads()
    {
        lock (_lock)
            return [.. _threads];
    }

    private bool TryStart(RingThread thread)
    {
        // This cannot fail: the session's own reference is still there.
        _ = _device.TryAcquire();
        lock (_lock)
            _threads.Add(thread);
        try
        {
            thread.Start();
            return true;
        }
        // Thread.Start throws it at the limit of threads (EAGAIN).
        catch (OutOfMemoryException)
        {
            OnEnded(thread);
            return false;
        }
    }
}
