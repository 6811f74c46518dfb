namespace OverlayFuse.Linux;

/// <summary>What <see cref="Thread"/> lacks.</summary>
public static class ThreadExtensions
{
    /// <summary>Starts a thread if RLIMIT_NPROC and pids.max of a cgroup, which other programs may have filled, allow one more.</summary>
    /// <param name="thread">One that was not started.</param>
    /// <returns>False if there are no more threads, or no memory for one.</returns>
    public static bool TryStart(this Thread thread)
    {
        ArgumentNullException.ThrowIfNull(thread);
        try
        {
            thread.Start();
            return true;
        }
        catch (Exception error) when (error is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }
}
