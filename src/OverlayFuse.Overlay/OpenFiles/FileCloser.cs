using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>
/// Closes idle files of one file system in a thread of its own, because its server may keep close(2) waiting for ever. Owned by
/// <see cref="FileClosers"/>. The lock is a leaf, never held over a system call.
/// </summary>
/// <param name="count">Counts the files that are not closed yet.</param>
/// <param name="mostWaiting">If more files than these wait, an opener of another file must help.</param>
internal sealed class FileCloser(UnclosedCount count, int mostWaiting)
{
    private const int StackSize = 256 << 10;

    private readonly Queue<Fd> _waiting = new(mostWaiting);
    private Thread? _thread;
    private bool _isIdle;

    /// <summary>Takes over a descriptor. The thread closes it when its last reference goes.</summary>
    public SafeFd Own(Fd fd) => new Owned(fd, this);

    private void Close(Fd fd)
    {
        Thread? started = null;
        count.Add(1);
        lock (_waiting)
        {
            _waiting.Enqueue(fd);
            if (_isIdle)
                Monitor.Pulse(_waiting);
            if (_thread is null)
                started = _thread = new Thread(Run, StackSize) { IsBackground = true, Name = "closer" };
        }
        if (started is null || started.TryStart())
            return;
        // There are no more threads. The next file tries again.
        lock (_waiting)
            _thread = null;
    }

    /// <summary>
    /// Called by a thread that has opened a file of this file system. If too many files wait, the caller closes one of them. So opens do
    /// not outrun closes, and only users of the file system wait for its server.
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

    private void Run()
    {
        // If it fails, the thread stays on the processor of the worker that started it.
        _ = Sys.UnpinThread();
        while (true)
        {
            Fd fd;
            lock (_waiting)
            {
                while (!_waiting.TryDequeue(out fd))
                {
                    _isIdle = true;
                    // Without a timeout the answer is always true.
                    _ = Monitor.Wait(_waiting);
                    _isIdle = false;
                }
            }
            CloseNow(fd);
        }
    }

    private void CloseNow(Fd fd)
    {
        Sys.Close(fd);
        count.Add(-1);
    }

    private sealed class Owned(Fd fd, FileCloser closer) : SafeFd(fd)
    {
        protected override void Close() => closer.Close(Fd);
    }
}

/// <summary>The number of files that wait for their close, of all <see cref="FileCloser"/>s together. Without locks.</summary>
internal sealed class UnclosedCount
{
    private int _files;

    public int Files => Volatile.Read(ref _files);

    /// <summary>Adds to the number. The sum does not matter here.</summary>
    public void Add(int change) => _ = Interlocked.Add(ref _files, change);
}
