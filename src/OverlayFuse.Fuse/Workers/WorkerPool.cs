using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// The workers. Some stay; for each that is stuck in a long operation (a copy-up, a slow disk) another one comes, so that the rest is
/// never starved, and goes when it has not been needed for a while. Many short requests at once make no more threads. <see cref="_pool"/> guards the list; it is held over no system call of an operation.
/// </summary>
public sealed partial class FuseSession
{
    /// <summary>How long a worker must be busy with one request to count as stuck.</summary>
    private static readonly TimeSpan GrowthDelay = TimeSpan.FromMilliseconds(3);

    private static readonly TimeSpan WakeInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>When the system gives no thread or no memory for one more worker.</summary>
    private static readonly TimeSpan DelayAtLimit = TimeSpan.FromMilliseconds(100);

    /// <summary>How many workers have a descriptor of their own, so that many stuck ones leave the descriptors to files; the others share the session's.</summary>
    private static readonly int s_mostClones = (int)Math.Min(64, Sys.OpenFilesLimit / 8);

    /// <summary>One worker more for so many that are stuck, beside the resident ones: many that come to hang one after the other are soon outgrown.</summary>
    private const int StuckForOneMore = 4;

    private readonly Lock _pool = new();
    private readonly List<FuseWorker> _workers = [];
    private readonly AutoResetEvent _poolEvent = new(false);
    private readonly int _residentWorkers;
    private volatile int _maxWorkers;
    private Thread? _supervisor;
    private int _idleWorkers;
    private int _starving;
    private bool _saidThatNoMoreCome;
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
        if (_workerCount <= _residentWorkers || Volatile.Read(ref _idleWorkers) < _residentWorkers ||
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
            if (Volatile.Read(ref _starving) != 0 && !IsEnding)
                GrowWhileStarving();
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

    /// <summary>
    /// Goes on until somebody is idle: no worker reports again while all are stuck. Nor does one within the delay: that all are busy for a moment is
    /// common, and waking this thread for it would cost more than the requests.
    /// </summary>
    private void GrowWhileStarving()
    {
        do
        {
            SampleWorkers();
            Thread.Sleep(GrowthDelay);
            if (Volatile.Read(ref _idleWorkers) == 0 && !TryGrow())
                Thread.Sleep(DelayAtLimit);
            _ = Interlocked.Exchange(ref _starving, 0); // a full fence: who is starving from here on says so, or is seen below
        }
        while (Volatile.Read(ref _idleWorkers) == 0 && _workerCount < _maxWorkers && !IsEnding);
    }

    private void SampleWorkers()
    {
        lock (_pool)
        {
            foreach (FuseWorker worker in _workers)
                worker.InFlight.Sample();
        }
    }

    /// <summary>At least as many workers that are not stuck as there are resident ones.</summary>
    /// <returns>False when the system gives no more.</returns>
    private bool TryGrow()
    {
        lock (_pool)
        {
            Volatile.Write(ref _lastGrowth, Environment.TickCount64);
            int stuck = _workers.Count(worker => worker.InFlight.IsStuck);
            int wanted = Math.Min(_maxWorkers, stuck + Math.Max(_residentWorkers, stuck / StuckForOneMore));
            return TryAddWorkers(wanted);
        }
    }

    /// <summary>Until there are so many, or no more can be had: then those that are there go on. Under the lock of the pool.</summary>
    private bool TryAddWorkers(int wanted)
    {
        try
        {
            while (!IsEnding && _workerCount < wanted)
                AddWorker();
            return true;
        }
        catch (OutOfMemoryException exception) // Thread.Start at the limit of threads (EAGAIN)
        {
            if (!_saidThatNoMoreCome)
                _log?.Invoke($"FUSE: no more workers than {_workerCount}: {exception.Message}");
            _saidThatNoMoreCome = true;
            return false;
        }
    }

    /// <summary>Called by the first worker when INIT was answered: adds the others that stay.</summary>
    internal void BeginServing()
    {
        if (_negotiation is null)
            return;
        lock (_pool)
            _ = TryAddWorkers(_residentWorkers); // the one that is here answers, too
        _initialized.Set();
    }

    /// <summary>The first worker uses the session's own descriptor: there is nothing to clone before INIT.</summary>
    private void AddWorker()
    {
        SafeFd device = _device;
        if (_negotiation is not null && _workerCount < s_mostClones && Sys.CloneFuseDevice(_device.Fd, out Fd clone) == Errno.None)
            device = new SafeFd(clone);
        else
            _ = device.TryAcquire(); // the session's own reference is still there
        var worker = new FuseWorker(this, device, _interrupts.AddWorker());
        _workers.Add(worker);
        try
        {
            worker.Start(_maxWrite);
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
            if (HasEnded())
            {
                _ended.Wait(); // what the file system has left to do takes as long as it takes
                return true;
            }
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
            foreach (IGrouping<Protocol.Opcode, FuseWorker> hanging in _workers.GroupBy(worker => worker.InFlight.Opcode))
                _log?.Invoke($"FUSE: a worker hangs in {hanging.Key}{(hanging.Count() is > 1 and var count ? $", as {count - 1} others" : "")}");
        }
    }
}
