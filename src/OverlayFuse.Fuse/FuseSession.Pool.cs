using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// The workers. Some stay; more come while all are busy, so that copy-ups and waiting operations never starve the rest, and go
/// when they have not been needed for a while. <see cref="_pool"/> guards the list; it is held over no system call of an operation.
/// </summary>
public sealed partial class FuseSession
{
    /// <summary>How long all workers must be busy before another one is added: bursts of short requests need none.</summary>
    private static readonly TimeSpan GrowthDelay = TimeSpan.FromMilliseconds(3);

    private static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(5);

    private readonly Lock _pool = new();
    private readonly List<FuseWorker> _workers = [];
    private readonly AutoResetEvent _poolEvent = new(false);
    private readonly int _residentWorkers;
    private readonly int _maxWorkers;
    private Thread? _supervisor;
    private int _idleWorkers;
    private int _starving;
    private long _lastGrowth;
    private volatile int _workerCount;

    internal int WorkerCount => _workerCount;

    /// <summary>How long the pool must have had an idle worker before one that came goes.</summary>
    internal TimeSpan RetireAfter { get; set; } = TimeSpan.FromSeconds(10);

    internal void OnWorkerIdle() => Interlocked.Increment(ref _idleWorkers);

    internal void OnWorkerBusy()
    {
        bool starving = Interlocked.Decrement(ref _idleWorkers) == 0;
        if (starving && _workerCount < _maxWorkers && Interlocked.Exchange(ref _starving, 1) == 0)
            WakePool();
    }

    /// <summary>Asked by a worker between two requests; a yes takes it off the count.</summary>
    internal bool ShouldRetire()
    {
        if (_workerCount <= _residentWorkers || Volatile.Read(ref _idleWorkers) == 0 ||
            Environment.TickCount64 - Volatile.Read(ref _lastGrowth) < RetireAfter.TotalMilliseconds)
            return false;
        lock (_pool)
        {
            bool retires = _workerCount > _residentWorkers;
            _workerCount -= retires ? 1 : 0;
            return retires;
        }
    }

    internal void OnWorkerEnded(FuseWorker worker)
    {
        lock (_pool)
        {
            _ = _workers.Remove(worker);
            _workerCount = _workers.Count;
        }
        _interrupts.RemoveWorker(worker.InFlight);
        worker.Device.Release();
        WakePool();
    }

    private void WakePool() => _ = _poolEvent.Set();

    /// <summary>Grows the pool, notices its end. Runs on a thread of its own.</summary>
    private void Supervise()
    {
        while (!HasEnded())
        {
            _ = _poolEvent.WaitOne();
            if (Volatile.Read(ref _starving) == 0 || IsEnding)
                continue;
            Thread.Sleep(GrowthDelay);
            Volatile.Write(ref _starving, 0);
            if (Volatile.Read(ref _idleWorkers) == 0)
                Grow();
        }
        _fileSystem.Destroy();
        _device.Release();
        _initialized.Set();
        _ended.Set();
    }

    private bool HasEnded()
    {
        lock (_pool)
            return IsEnding && _workers.Count == 0;
    }

    private void Grow()
    {
        lock (_pool)
        {
            Volatile.Write(ref _lastGrowth, Environment.TickCount64);
            if (IsEnding || _workerCount >= _maxWorkers)
                return;
            try
            {
                AddWorker();
            }
            catch (OutOfMemoryException exception) // Thread.Start at the limit of threads (EAGAIN): those that are there go on
            {
                _log?.Invoke($"FUSE: no more workers than {_workerCount}: {exception.Message}");
            }
        }
    }

    /// <summary>Called by the first worker when INIT was answered: adds the others that stay.</summary>
    internal void BeginServing()
    {
        if (_negotiation is null)
            return;
        lock (_pool)
        {
            while (_workerCount < _residentWorkers)
                AddWorker();
        }
        _initialized.Set();
    }

    /// <summary>The first worker uses the session's own descriptor: there is nothing to clone before INIT.</summary>
    private void AddWorker()
    {
        SafeFd device = _device;
        if (_negotiation is not null && Sys.CloneFuseDevice(_device.Fd, out Fd clone) == Errno.None)
            device = new SafeFd(clone);
        else
            _ = device.TryAcquire(); // the session's own reference is still there
        var worker = new FuseWorker(this, device, _interrupts.AddWorker(), _maxWrite);
        _workers.Add(worker);
        try
        {
            worker.Start();
        }
        catch (OutOfMemoryException)
        {
            OnWorkerEnded(worker);
            throw;
        }
        _workerCount = _workers.Count;
    }

    private bool WakeWorkersUntilEnded(TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        do
        {
            lock (_pool) // a thread id in the list is that of a live thread
            {
                foreach (FuseWorker worker in _workers)
                {
                    if (worker.ThreadId != 0 && !worker.InFlight.IsBusy)
                        _ = Sys.WakeThread(worker.ThreadId); // comes again as long as the worker is there
                }
            }
            if (_ended.Wait(WakeInterval))
                return true;
        }
        while (Environment.TickCount64 < deadline);
        return false;
    }

    /// <summary>
    /// Closes every descriptor of the connection, upon which the kernel aborts it and fails all callers. The numbers stay taken:
    /// a worker that comes back from a long operation must not write its reply into somebody else's file.
    /// </summary>
    private void AbortConnection()
    {
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From("/dev/null"), OpenFlags.ReadWrite, out Fd nothing) != Errno.None)
            return;
        lock (_pool)
        {
            foreach (FuseWorker worker in _workers)
                _ = Sys.ReplaceDescriptor(nothing, worker.Device.Fd); // cannot fail between two open descriptors
            _ = Sys.ReplaceDescriptor(nothing, _device.Fd); // likewise
        }
        Sys.Close(nothing);
    }

    private void LogHangingWorkers()
    {
        lock (_pool)
        {
            foreach (FuseWorker worker in _workers)
                _log?.Invoke($"FUSE: a worker hangs in {worker.InFlight.Opcode}");
        }
    }
}
