using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Closes idle files of one file system whose server may keep close(2) waiting for ever, in a thread of its own. Owned by <see cref="FileClosers"/>. The lock
/// is a leaf, never held over a system call.
/// </summary>
/// <param name="owner">Counts the files that are not closed yet.</param>
/// <param name="mostWaiting">How many files may wait before those who open more of them must help.</param>
internal sealed class FileCloser(FileClosers owner, int mostWaiting)
{
    private const int StackSize = 256 << 10;

    private readonly Queue<Fd> _waiting = new(mostWaiting);
    private Thread? _thread;
    private bool _isIdle;

    /// <summary>A descriptor that this closes when its last reference goes.</summary>
    public SafeFd Own(Fd fd) => new Owned(fd, this);

    private void Close(Fd fd)
    {
        Thread? started = null;
        owner.Count(1);
        lock (_waiting)
        {
            _waiting.Enqueue(fd);
            if (_isIdle)
                Monitor.Pulse(_waiting);
            if (_thread is null)
                started = _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "closer" };
        }
        if (started is not null)
            Start(started);
    }

    /// <summary>
    /// Called by a thread that has opened a file of this file system. If too many files wait, the caller closes one of them: opens do not outrun closes, and
    /// only users of the file system wait for its server.
    /// </summary>
    public void Help()
    {
        Fd fd = Fd.None;
        lock (_waiting)
        {
            if (_waiting.Count <= mostWaiting || !_waiting.TryDequeue(out fd))
                return;
        }
        CloseNow(fd);
    }

    private void Start(Thread thread)
    {
        try
        {
            thread.Start();
        }
        catch (Exception error) when (error is OutOfMemoryException or ThreadStartException) // no more threads: the next file that comes tries again
        {
            lock (_waiting)
                _thread = null;
        }
    }

    private void Run()
    {
        while (true)
        {
            Fd fd;
            lock (_waiting)
            {
                while (!_waiting.TryDequeue(out fd))
                {
                    _isIdle = true;
                    _ = Monitor.Wait(_waiting); // no timeout: it is always true
                    _isIdle = false;
                }
            }
            CloseNow(fd);
        }
    }

    private void CloseNow(Fd fd)
    {
        Sys.Close(fd);
        owner.Count(-1);
    }

    private sealed class Owned(Fd fd, FileCloser closer) : SafeFd(fd)
    {
        protected override void Close() => closer.Close(Fd);
    }
}
