using System.Runtime.CompilerServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// One dedicated thread with a /dev/fuse descriptor and buffers of its own: reads a request, has it answered, writes the reply.
/// Owned by the session's pool. A background thread: one that hangs in a system call does not keep the process.
/// </summary>
internal sealed class FuseWorker
{
    private readonly FuseSession _session;
    private readonly Thread _thread;
    private WorkerBuffer _request = null!; // from Start on
    private WorkerBuffer _reply = null!;

    internal FuseWorker(FuseSession session, SafeFd device, InFlightRequest inFlight)
    {
        _session = session;
        Device = device;
        InFlight = inFlight;
        _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "fuse" };
    }

    private const int StackSize = 1 << 20;

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
            _session.OnWorkerEnded(this); // first: somebody may wait for the end, and unmapping takes its time
            DisposeBuffers();
        }
    }

    private void Serve()
    {
        int failures = 0;
        while (!_session.IsEnding)
        {
            _session.OnWorkerIdle();
            Errno error = Sys.ReadDevice(Device.Fd, _request.Span, out int length);
            _session.OnWorkerBusy();
            if (error == Errno.None && length > 0)
            {
                failures = 0;
                Answer(_request.Span[..length]);
                if (_session.ShouldRetire())
                    return;
            }
            else if (_session.EndsOn(error, ref failures))
            {
                return;
            }
        }
    }

    private void Answer(ReadOnlySpan<byte> message)
    {
        try
        {
            int length = _session.Dispatch(message, _reply.Span, InFlight);
            if (length > 0 && Sys.WriteDevice(Device.Fd, _reply.Span[..length]) is not Errno.None and var error)
                _session.OnUndelivered(message, _reply.Span[..length], error);
            if (!_session.IsServing)
                _session.BeginServing();
        }
#pragma warning disable CA1031 // the one catch of the request path: a bug in one operation must not end the mount
        catch (Exception exception)
#pragma warning restore CA1031
        {
            InFlight.End();
            int length = _session.OnException(message, _reply.Span, exception);
            if (length > 0)
                _ = Sys.WriteDevice(Device.Fd, _reply.Span[..length]); // fails when it was answered before: nothing to tell
        }
    }
}
