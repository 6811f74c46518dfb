using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Workers;

/// <summary>
/// The end of the pool: waking workers that wait for a request, answering in place of those that hang, and aborting the connection.
/// </summary>
internal sealed partial class WorkerPool
{
    private static readonly TimeSpan s_wakeInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>Has the workers end after the request that each is busy with. Does not wait.</summary>
    internal void BeginEnding()
    {
        _interrupts.EndSession();
        WakeSupervisor();
    }

    /// <summary>
    /// Ends all workers within half a second: operations get a part of it to finish, then the connection is aborted under the rest.
    /// </summary>
    /// <returns>False if a worker hangs.</returns>
    internal bool Stop()
    {
        _interrupts.EndSession();
        lock (_lock)
        {
            if (_supervisor is null)
                return EndUnstarted();
        }
        WakeSupervisor();
        if (WakeWorkersUntilEnded(TimeSpan.FromMilliseconds(250)))
            return true;
        AbortConnection();
        if (WakeWorkersUntilEnded(TimeSpan.FromMilliseconds(150)))
            return true;
        LogHangingWorkers();
        return false;
    }

    /// <summary>Answers ENOTCONN to requests in place of the workers that are busy with them.</summary>
    /// <param name="choose">The number of the request to answer; 0 leaves the worker alone.</param>
    internal void FailRequests(Func<InFlightRequest, ulong> choose)
    {
        _ring.FailRequests(choose);
        Span<byte> reply = stackalloc byte[ReplyWriter.HeaderSize];
        lock (_lock)
        {
            foreach (FuseWorker worker in _workers)
            {
                // The write answers ENOENT if the worker has answered by now.
                if (choose(worker.InFlight) is not 0 and var unique)
                    _ = Sys.WriteDevice(worker.Device.Fd, reply[..new ReplyWriter(reply).Finish(unique, Errno.ENOTCONN)]);
            }
        }
    }

    private bool EndUnstarted()
    {
        if (!_ended.IsSet)
            _device.Release();
        _ended.Set();
        return true;
    }

    private bool WakeWorkersUntilEnded(TimeSpan patience)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        do
        {
            WakeIdleWorkers();
            if (_ended.Wait(s_wakeInterval))
                return true;
            if (HasEnded())
            {
                // The file system takes the time that it needs for its own end.
                _ended.Wait();
                return true;
            }
        }
        while (Environment.TickCount64 < deadline);
        return false;
    }

    /// <summary>The lock keeps each thread id in the list that of a live thread.</summary>
    private void WakeIdleWorkers()
    {
        _ring.WakeIdle();
        lock (_lock)
        {
            foreach (FuseWorker worker in _workers)
            {
                if (worker.ThreadId != 0 && !worker.InFlight.IsBusy)
                    // A failure does no harm: the caller repeats this as long as the worker is there.
                    _ = Sys.WakeThread(worker.ThreadId);
            }
        }
    }

    /// <summary>
    /// Closes every descriptor of the connection. The kernel then aborts it and fails all callers. The numbers stay taken: a worker that
    /// comes back from a long operation must not write its reply into another file.
    /// </summary>
    private void AbortConnection()
    {
        if (Sys.OpenAt(Fd.WorkingDirectory, Name.From("/dev/null"), OpenFlags.ReadWrite, out Fd nothing) != Errno.None)
            return;
        lock (_lock)
        {
            foreach (FuseWorker worker in _workers)
                // This cannot fail between two open descriptors.
                _ = Sys.ReplaceDescriptor(nothing, worker.Device.Fd);
            _ = Sys.ReplaceDescriptor(nothing, _device.Fd);
        }
        _ring.Abort(nothing);
        Sys.Close(nothing);
    }

    private void LogHangingWorkers()
    {
        var busy = Requests().Where(request => request.IsBusy);
        foreach (IGrouping<Opcode, InFlightRequest> hanging in busy.GroupBy(request => request.Opcode))
            Log($"FUSE: a worker hangs in {hanging.Key}{(hanging.Count() is > 1 and var count ? $", as {count - 1} others" : "")}");
    }
}
