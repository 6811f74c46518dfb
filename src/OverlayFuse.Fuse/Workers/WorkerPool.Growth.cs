namespace OverlayFuse.Fuse.Workers;

/// <summary>The supervisor: a thread that adds workers while all are stuck, and notices the end of the last one.</summary>
internal sealed partial class WorkerPool
{
    /// <summary>A worker counts as stuck once it is busy with one request for this long.</summary>
    private static readonly TimeSpan s_growthDelay = TimeSpan.FromMilliseconds(3);

    /// <summary>The wait after the system gave no thread or no memory for one more worker.</summary>
    private static readonly TimeSpan s_delayAtLimit = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// One worker more than the resident ones for this many that are stuck: the pool soon outgrows many workers that come to hang one after
    /// the other.
    /// </summary>
    private const int StuckForOneMore = 4;

    private readonly AutoResetEvent _supervisorEvent = new(false);
    private Thread? _supervisor;
    private int _starving;
    private bool _saidThatNoMoreCome;
    private long _lastGrowth;

    /// <summary>
    /// Raises the limit to at least this many workers, and has the supervisor look: all may be stuck by now, and none would report it.
    /// </summary>
    internal void AllowAtLeast(int workers)
    {
        _limit = Math.Max(_limit, workers);
        _ = Interlocked.Exchange(ref _starving, 1);
        WakeSupervisor();
    }

    private void WakeSupervisor() => _ = _supervisorEvent.Set();

    private void Supervise()
    {
        while (!HasEnded())
        {
            _ = _supervisorEvent.WaitOne(IsEnding ? s_wakeInterval : Timeout.InfiniteTimeSpan);
            if (IsEnding)
                WakeIdleWorkers();
            else if (Volatile.Read(ref _starving) != 0)
                GrowWhileStarving();
        }
        _host.OnLastWorkerEnded();
        _device.Release();
        _serving.Set();
        _ended.Set();
    }

    private bool HasEnded()
    {
        lock (_lock)
            return IsEnding && _workers.Count == 0 && _ring.HasEnded;
    }

    /// <summary>
    /// Goes on until a worker is idle: no worker reports again while all are stuck. No worker reports within the delay either. All workers
    /// are often busy for a moment, and waking this thread for it would cost more than the requests.
    /// </summary>
    private void GrowWhileStarving()
    {
        do
        {
            SampleWorkers();
            Thread.Sleep(s_growthDelay);
            if (Volatile.Read(ref _idle) == 0 && !TryGrow())
                Thread.Sleep(s_delayAtLimit);
            // A full fence: a worker that starves from here on reports it, or is seen below.
            _ = Interlocked.Exchange(ref _starving, 0);
        }
        while (Volatile.Read(ref _idle) == 0 && _count < _limit && !IsEnding);
    }

    private void SampleWorkers()
    {
        lock (_lock)
        {
            foreach (FuseWorker worker in _workers)
                worker.InFlight.Sample();
        }
    }

    /// <summary>Has at least as many workers that are not stuck as there are resident ones.</summary>
    /// <returns>False if the system gives no more.</returns>
    private bool TryGrow()
    {
        lock (_lock)
        {
            Volatile.Write(ref _lastGrowth, Environment.TickCount64);
            int stuck = _workers.Count(worker => worker.InFlight.IsStuck);
            int wanted = Math.Min(_limit, stuck + Math.Max(_residents, stuck / StuckForOneMore));
            return TryAddWorkers(wanted);
        }
    }

    /// <summary>Adds workers up to a number. If the system gives no more, the present ones go on. The caller holds the lock.</summary>
    private bool TryAddWorkers(int wanted)
    {
        try
        {
            while (!IsEnding && _count < wanted)
                AddWorker();
            return true;
        }
        // Thread.Start throws it at the limit of threads (EAGAIN).
        catch (OutOfMemoryException exception)
        {
            if (!_saidThatNoMoreCome)
                Log($"FUSE: no more workers than {_count}: {exception.Message}");
            _saidThatNoMoreCome = true;
            return false;
        }
    }
}
