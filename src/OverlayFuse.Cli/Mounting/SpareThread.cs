using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounting;

/// <summary>A thread that waits for its work. At the time of the work the cgroup may have no room for one more thread.</summary>
internal sealed class SpareThread
{
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _begins = new();
    private Action _work = () => { };

    private SpareThread(string name) => _thread = new Thread(Run) { IsBackground = true, Name = name };

    /// <returns>Null if there are no more threads.</returns>
    public static SpareThread? TryMake(string name)
    {
        var spare = new SpareThread(name);
        return spare._thread.TryStart() ? spare : null;
    }

    /// <summary>Called once.</summary>
    public void Begin(Action work)
    {
        _work = work;
        _begins.Set();
    }

    /// <returns>True if the work is done.</returns>
    public bool Join(TimeSpan patience) => _thread.Join(patience);

    private void Run()
    {
        _begins.Wait();
        _work();
    }
}
