namespace OverlayFuse.Linux;

/// <summary>
/// A descriptor that several threads share. It is closed when the last reference goes. The creator has the first reference. A cache may
/// drop its reference at any time; a thread with a reference of its own (<see cref="TryAcquire"/>) goes on undisturbed.
/// </summary>
/// <param name="fd">An open descriptor, owned from here on.</param>
public class SafeFd(Fd fd)
{
    private int _references = 1;

    /// <summary>The descriptor; valid as long as the caller holds a reference.</summary>
    public Fd Fd { get; } = fd;

    /// <summary>Set by use, cleared by the sweep of a cache: the second chance of an LRU clock.</summary>
    public bool RecentlyUsed { get; set; }

    /// <summary>Takes a reference.</summary>
    /// <returns>False if the descriptor is closed already: look it up again.</returns>
    public bool TryAcquire()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen)
                return true;
            seen = before;
        }
        return false;
    }

    /// <summary>Gives a reference back; the last one closes.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
            Close();
    }

    /// <summary>The last reference has gone.</summary>
    protected virtual void Close() => Sys.Close(Fd);
}
