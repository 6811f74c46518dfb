using System.Runtime.CompilerServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Workers;

/// <summary>
/// One dedicated thread with a /dev/fuse descriptor and buffers of its own: reads a request, has the session answer it, writes the reply.
/// The pool owns it. A background thread: one that hangs in a system call does not keep the process.
/// </summary>
internal sealed class FuseWorker
{
    private const int StackSize = 1 << 20;
    private const int TooManyFailures = 100;

    private readonly WorkerPool _pool;
    private readonly IWorkerHost _host;
    private readonly Thread _thread;
    // Both buffers exist from Start on.
    private WorkerBuffer _request = null!;
    private WorkerBuffer _reply = null!;
    private int _failures;

    /// <param name="pool">The owner.</param>
    /// <param name="host">Answers the requests.</param>
    /// <param name="device">The worker owns a reference.</param>
    /// <param name="inFlight">The record of this worker.</param>
    internal FuseWorker(WorkerPool pool, IWorkerHost host, SafeFd device, InFlightRequest inFlight)
    {
        _pool = pool;
        _host = host;
        Device = device;
        InFlight = inFlight;
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "fuse" };
    }

    /// <summary>The worker holds a reference.</summary>
    internal SafeFd Device { get; }

    internal InFlightRequest InFlight { get; }

    /// <summary>0 before it runs.</summary>
    internal int ThreadId { get; private set; }

    /// <exception cref="OutOfMemoryException">There is no room for the buffers or for one more thread: it holds nothing.</exception>
    internal void Start(int maxWrite)
    {
        int size = Math.Max(maxWrite, Wire.MinReadBuffer);
        try
        {
            _request = new WorkerBuffer(Unsafe.SizeOf<InHeader>() + Unsafe.SizeOf<WriteIn>(), size);
            _reply = new WorkerBuffer(ReplyWriter.HeaderSize, size);
            _thread.Start();
        }
        catch (OutOfMemoryException)
        {
            DisposeBuffers();
            throw;
        }
    }

    private void DisposeBuffers()
    {
        _request?.Dispose();
        _reply?.Dispose();
    }

    private void Run()
    {
        ThreadId = Sys.ThreadId;
        try
        {
            Serve();
        }
        finally
        {
            // This comes first: a thread may wait for the end, and unmapping the buffers takes time.
            _pool.OnEnded(this);
            DisposeBuffers();
        }
    }

    private void Serve()
    {
        while (!_pool.IsEnding)
        {
            _pool.OnIdle();
            Errno error = Sys.ReadDevice(Device.Fd, _request.Span, out int length);
            _pool.OnBusy();
            if (error == Errno.None && length > 0)
            {
                _failures = 0;
                Answer(_request.Span[..length]);
                if (_pool.ShouldRetire())
                    return;
            }
            else if (EndsOn(error))
            {
                return;
            }
        }
    }

    /// <summary>True if this worker must end after its read(2) failed.</summary>
    private bool EndsOn(Errno error)
    {
        switch (error)
        {
            // A signal; nothing to read after all; the request was aborted while it was read.
            case Errno.EINTR or Errno.EAGAIN or Errno.ENOENT:
                return _pool.IsEnding;
            // Unmounted; aborted (ABORT_ERROR); end of file of /dev/null, which has replaced the device.
            case Errno.ENODEV or Errno.ECONNABORTED or Errno.None:
                break;
            default:
                _pool.Log($"FUSE: reading a request: {error}");
                if (error is not (Errno.EBADF or Errno.EINVAL or Errno.EPERM) && ++_failures < TooManyFailures)
                    return false;
                break;
        }
        _pool.BeginEnding();
        return true;
    }

    private void Answer(ReadOnlySpan<byte> message)
    {
        try
        {
            int length = _host.Dispatch(message, _reply.Span, InFlight);
            Errno error;
            if (length > 0 && (error = Sys.WriteDevice(Device.Fd, _reply.Span[..length])) != Errno.None)
                _host.OnUndelivered(message, _reply.Span[..length], error);
            if (!_pool.IsServing)
                _pool.TryBeginServing();
        }
#pragma warning disable CA1031 // the one catch of the request path: a bug in one operation must not end the mount
        catch (Exception exception)
#pragma warning restore CA1031
        {
            InFlight.End();
            int length = _host.OnException(message, _reply.Span, exception);
            if (length > 0)
                // It fails if the request was answered before. Then no caller waits.
                _ = Sys.WriteDevice(Device.Fd, _reply.Span[..length]);
        }
    }
}
