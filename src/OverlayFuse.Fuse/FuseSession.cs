using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// Serves one mount: reads requests from /dev/fuse, has <see cref="IFuseFileSystem"/> answer them. One worker answers INIT, the
/// others follow. All threads are background threads; the session ends when the mount is gone or <see cref="Stop"/> is called.
/// </summary>
public sealed partial class FuseSession
{
    private readonly IFuseFileSystem _fileSystem;
    private readonly SafeFd _device;
    private readonly FuseNotifier _notifier;
    private readonly InterruptTable _interrupts = new();
    private readonly Action<string>? _log;
    private readonly Action<string>? _trace;
    private readonly int _maxWrite;
    private readonly uint _maxReadahead;
    private readonly ManualResetEventSlim _initialized = new();
    private readonly ManualResetEventSlim _ended = new();

    /// <summary>Prepares; nothing is read before <see cref="Start"/>.</summary>
    /// <param name="fileSystem">Answers the requests.</param>
    /// <param name="device">/dev/fuse, mounted; the session closes it.</param>
    /// <param name="options">How to work.</param>
    public FuseSession(IFuseFileSystem fileSystem, Fd device, FuseSessionOptions? options = null)
    {
        options ??= new FuseSessionOptions();
        _fileSystem = fileSystem;
        _device = new SafeFd(device);
        _notifier = new FuseNotifier(_device);
        _log = options.Log;
        _trace = options.Trace;
        _maxWrite = KernelLimits.MaxWrite(options.MaxWrite);
        _maxReadahead = options.MaxReadahead;
        _onlyUser = options.OnlyUser;
        _residentWorkers = options.Workers > 0 ? options.Workers : Math.Max(2, Environment.ProcessorCount);
        _maxWorkers = Math.Max(_residentWorkers, options.MaxWorkers);
    }

    /// <summary>No more requests are read; operations in progress see <see cref="FuseRequest.IsInterrupted"/>.</summary>
    public bool IsEnding => _interrupts.SessionEnding;

    /// <summary>Serves until the mount is gone or <see cref="Stop"/> is called.</summary>
    public void Run()
    {
        Start();
        _ended.Wait();
    }

    /// <summary>Begins to serve; does nothing when it does already.</summary>
    public void Start()
    {
        lock (_pool)
        {
            if (_supervisor is not null || IsEnding)
                return;
            _supervisor = new Thread(Supervise) { IsBackground = true, Name = "fuse-pool" };
            _ = Sys.EnableThreadWaking(); // without it Stop has to wait for the workers' next request
            AddWorker();
            _supervisor.Start();
        }
    }

    /// <summary>Waits until requests are answered.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <returns>False when INIT failed or did not come in time.</returns>
    public bool WaitUntilInitialized(TimeSpan timeout) => _initialized.Wait(timeout) && _negotiation is not null;

    /// <summary>Waits until all is over.</summary>
    /// <param name="timeout">How long at most.</param>
    /// <returns>False when it is not yet.</returns>
    public bool WaitUntilEnded(TimeSpan timeout) => _ended.Wait(timeout);

    /// <summary>
    /// Ends within half a second: operations get a part of it to finish, then the connection is aborted under the rest. Must not be called
    /// from an operation.
    /// </summary>
    /// <returns>False when a worker hangs: then <see cref="IFuseFileSystem.Destroy"/> was not called, and ending the process is safe.</returns>
    public bool Stop()
    {
        _interrupts.EndSession();
        lock (_pool)
        {
            if (_supervisor is null)
                return EndUnstarted();
        }
        WakePool();
        if (WakeWorkersUntilEnded(TimeSpan.FromMilliseconds(250)))
            return true;
        AbortConnection();
        if (WakeWorkersUntilEnded(TimeSpan.FromMilliseconds(150)))
            return true;
        LogHangingWorkers();
        return false;
    }

    private bool EndUnstarted()
    {
        if (!_ended.IsSet)
            _device.Release();
        _ended.Set();
        return true;
    }

    internal bool IsServing => _initialized.IsSet;

    /// <summary>Whether a worker must end after its read(2) failed.</summary>
    internal bool EndsOn(Errno error, ref int failures)
    {
        const int tooManyFailures = 100;
        switch (error)
        {
            case Errno.EINTR or Errno.EAGAIN or Errno.ENOENT: // a signal; nothing to read after all; the request was aborted while it was read
                return IsEnding;
            case Errno.ENODEV or Errno.ECONNABORTED or Errno.None: // unmounted; aborted (ABORT_ERROR); end of file of what replaced the device
                break;
            default:
                _log?.Invoke($"FUSE: reading a request: {error}");
                if (error is not (Errno.EBADF or Errno.EINVAL or Errno.EPERM) && ++failures < tooManyFailures)
                    return false;
                break;
        }
        _interrupts.EndSession();
        WakePool();
        return true;
    }

    /// <summary>The catch of the request path.</summary>
    /// <returns>Length of the reply.</returns>
    internal int OnException(ReadOnlySpan<byte> message, Span<byte> buffer, Exception exception)
    {
        if (!System.Runtime.InteropServices.MemoryMarshal.TryRead(message, out InHeader header))
            return 0;
        _log?.Invoke($"FUSE {header.Opcode} node {header.NodeId} unique {header.Unique}: {exception}");
        return header.Opcode is Opcode.Forget or Opcode.BatchForget or Opcode.Interrupt or Opcode.NotifyReply
            ? 0 : new ReplyWriter(buffer).Finish(header.Unique, Errno.EIO);
    }
}
