using OverlayFuse.Fuse;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounting;

/// <summary>
/// The data of a mount that the kernel holds and has not sent yet: stores into shared mappings, and with writeback=1 all that was written
/// to open files. The root is opened while there is a mountpoint; the data are collected when nobody finds the mount there any more. A
/// thread does both, because a layer may hang.
/// </summary>
internal sealed class Unwritten
{
    private static readonly TimeSpan s_openPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_readPatience = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_lastPatience = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(2);
    private const int LastTries = 20;

    private readonly FuseSession _session;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _opened = new();
    private readonly ManualResetEventSlim _detached = new();
    private Action _collect = () => { };
    private volatile bool _isLate;
    private volatile bool _isGivenUp;

    private Unwritten(string mountPoint, FuseSession session)
    {
        _session = session;
        _thread = new Thread(() => Collect(mountPoint)) { IsBackground = true, Name = "write-back" };
    }

    /// <summary>Opens the root of a mount, if that is possible soon.</summary>
    /// <param name="mountPoint">Its mountpoint.</param>
    /// <param name="session">Serves it.</param>
    public static Unwritten Of(string mountPoint, FuseSession session)
    {
        var unwritten = new Unwritten(mountPoint, session);
        unwritten._thread.Start();
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
        _detached.Set();
        long written = Proc.WrittenBytes;
        long since = Environment.TickCount64;
        while (!_thread.Join(s_readPatience))
        {
            if (Proc.WrittenBytes is var now && now != written)
                (written, since) = (now, Environment.TickCount64);
            if (Environment.TickCount64 - since > patience.TotalMilliseconds)
            {
                GiveUp();
                return false;
            }
            _session.FailStuckReads();
        }
        return true;
    }

    /// <summary>Ends the wait. The thread may wait for a WRITE, and new ones come while it goes through the files that are left.</summary>
    private void GiveUp()
    {
        _isGivenUp = true;
        for (int tries = 0; tries < LastTries; tries++)
        {
            _session.GiveUp();
            if (_thread.Join(s_lastPatience))
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
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(mountPoint), OpenFlags.ReadOnly | OpenFlags.Directory, out Fd opened);
        using var root = new ScopedFd(opened);
        _opened.Set();
        _detached.Wait();
        // Later the mountpoint may be another directory. syncfs(2) begins to send; programs learn of a failure.
        if (error == Errno.None && !_isLate)
            _ = Sys.SyncFs(opened);
        AwaitWrites();
        if (!_isGivenUp)
            _collect();
    }
}
