using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounting;

/// <summary>
/// The data of a mount that the kernel holds and has not sent yet: stores into shared mappings, and with writeback=1 all that was written
/// to open files. The root is opened while there is a mountpoint; the data are collected when nobody finds the mount there any more. A
/// thread does both, because a layer may hang. Where there is no thread left, the caller does it, and waits as long as the layer hangs.
/// </summary>
internal sealed class Unwritten
{
    private static readonly TimeSpan s_openPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_readPatience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_lastPatience = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(2);
    private const int LastTries = 20;

    private readonly FuseSession _session;
    private readonly SpareThread? _thread;
    private readonly ManualResetEventSlim _opened = new();
    private readonly ManualResetEventSlim _detached = new();
    private Fd _root = Fd.None;
    private Action _collect = () => { };
    private volatile bool _isLate;
    private volatile bool _isGivenUp;

    private Unwritten(FuseSession session, SpareThread? thread)
    {
        _session = session;
        _thread = thread;
    }

    /// <summary>Opens the root of a mount, if that is possible soon.</summary>
    /// <param name="mountPoint">Its mountpoint.</param>
    /// <param name="session">Serves it.</param>
    /// <param name="thread">Does it. Null: there are no more threads.</param>
    public static Unwritten Of(string mountPoint, FuseSession session, SpareThread? thread)
    {
        var unwritten = new Unwritten(session, thread);
        if (thread is null)
            unwritten.Open(mountPoint);
        else
            thread.Begin(() => unwritten.Collect(mountPoint));
        unwritten._isLate = !unwritten._opened.Wait(s_openPatience);
        return unwritten;
    }

    /// <summary>
    /// Makes the kernel send all of it, while the workers still answer. A program that has the file open learns of a failure by fsync(2) or
    /// close(2).
    /// </summary>
    /// <param name="collect">Waits for what syncfs(2) has only begun, or could not begin.</param>
    /// <param name="patience">
    /// How long to wait while nothing is written to a disk. The copy of a large file writes all the time, and a layer that hangs writes
    /// nothing.
    /// </param>
    /// <returns>True if all has come.</returns>
    public bool TryCollect(Action collect, TimeSpan patience)
    {
        _session.TakeOnlyWhatIsHeld();
        _collect = collect;
        if (_thread is null)
        {
            Send();
            return true;
        }
        _detached.Set();
        long written = Proc.WrittenBytes;
        long since = Environment.TickCount64;
        while (!_thread.Join(s_readPatience))
        {
            if (Proc.WrittenBytes is var now && now != written)
                (written, since) = (now, Environment.TickCount64);
            if (Environment.TickCount64 - since > patience.TotalMilliseconds)
            {
                GiveUp(_thread);
                return false;
            }
            _session.FailStuckReads();
        }
        return true;
    }

    /// <summary>Ends the wait. The thread may wait for a WRITE, and new ones come while it goes through the files that are left.</summary>
    private void GiveUp(SpareThread thread)
    {
        _isGivenUp = true;
        for (int tries = 0; tries < LastTries; tries++)
        {
            _session.GiveUp();
            if (thread.Join(s_lastPatience))
                return;
        }
    }

    /// <summary>
    /// Waits until the kernel has nothing under way, seen twice, because one request may not have been read yet. Only then each file is
    /// dropped: a wait there cannot be interrupted, and if this process was killed in it, nobody would end the connection.
    /// </summary>
    private void AwaitWrites()
    {
        for (int quiet = 0; quiet < 2 && !_isGivenUp; Thread.Sleep(s_pause))
            quiet = _session.IsWriting ? 0 : quiet + 1;
    }

    private void Collect(string mountPoint)
    {
        Open(mountPoint);
        _detached.Wait();
        Send();
    }

    private void Open(string mountPoint)
    {
        // If it fails, there is no descriptor.
        _ = Sys.OpenAt(Fd.WorkingDirectory, Name.From(mountPoint), OpenFlags.ReadOnly | OpenFlags.Directory, out _root);
        _opened.Set();
    }

    private void Send()
    {
        using var root = new ScopedFd(_root);
        // Later the mountpoint may be another directory. syncfs(2) begins to send; programs learn of a failure.
        if (_root.IsOpen && !_isLate)
            _ = Sys.SyncFs(root);
        AwaitWrites();
        if (!_isGivenUp)
            _collect();
    }
}
