using System.Globalization;

namespace OverlayFuse.Linux.Tests.Support;

/// <summary>A thread that waits in a system call; others can see that it does (/proc/PID/task/TID/syscall), and wake it.</summary>
internal sealed class BlockedThread : IDisposable
{
    private readonly Thread _thread;
    private Errno _result;
    private volatile int _id;

    public BlockedThread(Func<Errno> call)
    {
        Assert.That(Sys.EnableThreadWaking(), Is.EqualTo(Errno.None));
        _thread = new Thread(() =>
        {
            _id = Sys.ThreadId;
            _result = call();
        })
        { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Waits until it sleeps in the system call of this number, then wakes it.</summary>
    public void WakeInSystemCall(int number)
    {
        string begin = string.Create(CultureInfo.InvariantCulture, $"{number} ");
        var patience = System.Diagnostics.Stopwatch.StartNew();
        while (_id == 0 || !Status().StartsWith(begin, StringComparison.Ordinal))
        {
            if (patience.Elapsed > TimeSpan.FromSeconds(30))
                throw new TimeoutException($"the thread is not in system call {number} but in: {Status()}");
            Thread.Yield();
        }
        Assert.That(Sys.WakeThread(_id), Is.EqualTo(Errno.None));
    }

    public Errno Result()
    {
        _thread.Join();
        return _result;
    }

    public void Dispose() => _thread.Join(TimeSpan.FromSeconds(1));

    private string Status() => File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{_id}/syscall"));
}
