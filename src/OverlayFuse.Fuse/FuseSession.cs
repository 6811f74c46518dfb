using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Fuse.Workers;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// Serves one mount: reads requests from /dev/fuse, has <see cref="IFuseFileSystem"/> answer them. One worker answers INIT, then the others
/// start. All threads are background threads. The session ends when the mount is gone or <see cref="Stop"/> is called.
/// </summary>
public sealed partial class FuseSession : IWorkerHost
{
    private readonly IFuseFileSystem _fileSystem;
    private readonly SafeFd _device;
    private readonly FuseNotifier _notifier;
    private readonly InterruptTable _interrupts = new();
    private readonly WorkerPool _pool;
    private readonly Action<string>? _log;
    private readonly Action<string>? _trace;
    private readonly KernelLimits _limits = KernelLimits.Running;
    private readonly int _maxWrite;
    private readonly uint _maxReadahead;
    private readonly bool _usesRing;

    /// <summary>Prepares a session. It reads nothing before <see cref="Start"/>.</summary>
    /// <param name="fileSystem">Answers the requests.</param>
    /// <param name="device">/dev/fuse, mounted. The session closes it.</param>
    /// <param name="options">Null: the defaults.</param>
    public FuseSession(IFuseFileSystem fileSystem, Fd device, FuseSessionOptions? options = null)
    {
        options ??= new FuseSessionOptions();
        _fileSystem = fileSystem;
        _device = new SafeFd(device);
        _notifier = new FuseNotifier(_device);
        _log = options.Log;
        _trace = options.Trace;
        _maxWrite = _limits.MaxWrite(options.MaxWrite);
        _maxReadahead = options.MaxReadahead;
        _usesRing = options.UsesRing;
        _onlyUser = options.OnlyUser;
        _pool = new WorkerPool(this, _device, _interrupts, PoolSize.Of(options.Workers, options.MaxWorkers, _maxWrite));
    }

    /// <summary>
    /// True if the session ends: it reads no more requests, and operations in progress see <see cref="FuseRequest.IsInterrupted"/>.
    /// </summary>
    public bool IsEnding => _interrupts.SessionEnding;

    /// <summary>Serves until the mount is gone or <see cref="Stop"/> is called.</summary>
    public void Run()
    {
        Start();
        _pool.WaitUntilEnded();
    }

    /// <summary>Begins to serve. Does nothing if it serves already.</summary>
    public void Start() => _pool.Start();

    /// <summary>Waits until requests are answered.</summary>
    /// <param name="timeout">The longest wait.</param>
    /// <returns>False if INIT failed or did not come in time.</returns>
    public bool WaitUntilInitialized(TimeSpan timeout) => _pool.WaitUntilServing(timeout) && _negotiation is not null;

    /// <summary>True once INIT is answered, if io_uring carries the requests.</summary>
    public bool UsesRing => _negotiation?.HasFeature(InitFlags.OverIoUring) == true;

    /// <summary>Waits until the last worker has ended and the device is closed.</summary>
    /// <param name="timeout">The longest wait.</param>
    /// <returns>False if that takes longer.</returns>
    public bool WaitUntilEnded(TimeSpan timeout) => _pool.WaitUntilEnded(timeout);

    /// <summary>
    /// Ends the session within half a second: operations get a part of it to finish, then the connection is aborted under the rest. Do not
    /// call it from an operation.
    /// </summary>
    /// <returns>
    /// False if a worker hangs. Then <see cref="IFuseFileSystem.Destroy"/> is not called, and it is safe to end the process.
    /// </returns>
    public bool Stop() => _pool.Stop();

    internal int WorkerCount => _pool.Count;

    /// <inheritdoc cref="WorkerPool.RetireAfter"/>
    internal TimeSpan RetireAfter
    {
        get => _pool.RetireAfter;
        set => _pool.RetireAfter = value;
    }

    bool IWorkerHost.IsNegotiated => _negotiation is not null;

    void IWorkerHost.Log(string line) => _log?.Invoke(line);

    void IWorkerHost.OnLastWorkerEnded() => _fileSystem.Destroy();

    int IWorkerHost.OnException(ReadOnlySpan<byte> message, Span<byte> buffer, Exception exception)
    {
        if (!MemoryMarshal.TryRead(message, out InHeader header))
            return 0;
        _log?.Invoke($"FUSE {header.Opcode} node {header.NodeId} unique {header.Unique}: {exception}");
        return header.Opcode is Opcode.Forget or Opcode.BatchForget or Opcode.Interrupt or Opcode.NotifyReply
            ? 0 : new ReplyWriter(buffer).Finish(header.Unique, Errno.EIO);
    }
}
