using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Ring;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Workers;

/// <summary>
/// The workers of one session, which owns the pool. Resident workers stay. Another worker comes for each one that is stuck in a long
/// operation (a copy-up, a slow disk), so that the rest never starves, and goes when nobody has needed it for a while. A burst of short
/// requests makes
/// no more threads. <see cref="_lock"/> guards the list; no thread holds it over the system call of an operation. Any thread.
/// </summary>
internal sealed partial class WorkerPool
{
    /// <summary>
    /// This many workers have a descriptor of their own; the others share the session's. So many stuck workers leave the descriptors to
    /// files.
    /// </summary>
    private static readonly int s_mostClones = (int)Math.Min(64, Sys.OpenFilesLimit / 8);

    private readonly IWorkerHost _host;
    private readonly SafeFd _device;
    private readonly InterruptTable _interrupts;
    private readonly int _bufferSize;
    private readonly int _residents;
    private readonly Lock _lock = new();
    private readonly List<FuseWorker> _workers = [];
    private readonly ManualResetEventSlim _serving = new();
    private readonly ManualResetEventSlim _ended = new();
    private readonly FuseRing _ring;
    private volatile int _limit;
    private volatile int _count;
    private int _idle;

    /// <param name="host">Answers the requests.</param>
    /// <param name="device">/dev/fuse, mounted. The pool takes over the first reference and releases it at the end.</param>
    /// <param name="interrupts">Knows the request of each worker, and whether the session ends.</param>
    /// <param name="size">The numbers of workers and the size of their buffers.</param>
    internal WorkerPool(IWorkerHost host, SafeFd device, InterruptTable interrupts, PoolSize size)
    {
        _host = host;
        _device = device;
        _interrupts = interrupts;
        _bufferSize = size.Buffer;
        _residents = size.Residents;
        _limit = size.Limit;
        _ring = new FuseRing(host, device, interrupts, size, WakeSupervisor);
    }

    /// <summary>The number of workers.</summary>
    internal int Count => _count;

    /// <summary>The pool must have an idle worker for this long before a worker that is not resident goes.</summary>
    internal TimeSpan RetireAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>True once the resident workers have joined the first one.</summary>
    internal bool IsServing => _serving.IsSet;

    /// <summary>True if no more requests are read.</summary>
    internal bool IsEnding => _interrupts.SessionEnding;

    /// <summary>Waits until requests are answered, or until all is over.</summary>
    internal bool WaitUntilServing(TimeSpan timeout) => _serving.Wait(timeout);

    /// <summary>Waits until the last worker has ended.</summary>
    internal void WaitUntilEnded() => _ended.Wait();

    /// <summary>Waits until the last worker has ended, but at most for <paramref name="timeout"/>.</summary>
    internal bool WaitUntilEnded(TimeSpan timeout) => _ended.Wait(timeout);

    /// <summary>Starts the first worker, which answers INIT. Does nothing after the first call, or if the session ends.</summary>
    internal void Start()
    {
        lock (_lock)
        {
            if (_supervisor is not null || IsEnding)
                return;
            _supervisor = new Thread(Supervise) { IsBackground = true, Name = "fuse-pool" };
            // Without it, Stop waits for the next request of each worker.
            _ = Sys.EnableThreadWaking();
            AddWorker();
            _supervisor.Start();
        }
    }

    /// <inheritdoc cref="FuseRing.TryPrepare"/>
    internal bool TryPrepareRing() => _ring.TryPrepare();

    /// <summary>
    /// The first worker calls this after each reply until it serves: adds the other resident workers once INIT is answered.
    /// </summary>
    internal void TryBeginServing()
    {
        if (!_host.IsNegotiated)
            return;
        if (_host.UsesRing)
            _ring.Start();
        lock (_lock)
            // The calling worker serves too if there are no others.
            _ = TryAddWorkers(_residents);
        _serving.Set();
    }

    /// <summary>A worker waits for a request.</summary>
    internal void OnIdle() => Interlocked.Increment(ref _idle);

    /// <summary>A worker has read a request.</summary>
    internal void OnBusy()
    {
        bool isStarving = Interlocked.Decrement(ref _idle) == 0;
        if (isStarving && _count < _limit && Interlocked.Exchange(ref _starving, 1) == 0)
            WakeSupervisor();
    }

    /// <summary>A worker asks this between two requests. A yes takes it off the count.</summary>
    internal bool ShouldRetire()
    {
        if (_count <= _residents || Volatile.Read(ref _idle) < _residents ||
            Environment.TickCount64 - Volatile.Read(ref _lastGrowth) < RetireAfter.TotalMilliseconds)
            return false;
        lock (_lock)
        {
            bool retires = _count > _residents;
            _count -= retires ? 1 : 0;
            return retires;
        }
    }

    /// <summary>A worker ends, or did not start.</summary>
    internal void OnEnded(FuseWorker worker)
    {
        lock (_lock)
        {
            _ = _workers.Remove(worker);
            _count = _workers.Count;
        }
        _interrupts.RemoveWorker(worker.InFlight);
        worker.Device.Release();
        WakeSupervisor();
    }

    /// <summary>True if a worker is busy with a request of this kind.</summary>
    internal bool IsBusyWith(Opcode opcode)
    {
        return Requests().Exists(request => request.IsBusy && request.Opcode == opcode);
    }

    private List<InFlightRequest> Requests()
    {
        lock (_lock)
            return [.. _workers.Select(worker => worker.InFlight), .. _ring.Requests()];
    }

    /// <summary>Reports a failure that no caller is told about.</summary>
    internal void Log(string line) => _host.Log(line);

    /// <summary>
    /// The first worker uses the session's own descriptor: a device cannot be cloned before INIT. The caller holds the lock.
    /// </summary>
    /// <exception cref="OutOfMemoryException">There is no memory or no thread for one more.</exception>
    private void AddWorker()
    {
        SafeFd device = _device;
        if (_host.IsNegotiated && _count < s_mostClones && Sys.CloneFuseDevice(_device.Fd, out Fd clone) == Errno.None)
            device = new SafeFd(clone);
        else
            // This cannot fail: the first reference is still there.
            _ = device.TryAcquire();
        var worker = new FuseWorker(this, _host, device, _interrupts.AddWorker());
        _workers.Add(worker);
        try
        {
            worker.Start(_bufferSize);
        }
        catch (OutOfMemoryException)
        {
            OnEnded(worker);
            throw;
        }
        _count = _workers.Count;
    }
}
