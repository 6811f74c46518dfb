using System.Diagnostics;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Our claim on upper and work, by flock(2) on both: lives as long as the mount. The kernel drops it with the process, so a
/// crash leaves no stale lock behind.
/// </summary>
public sealed class UpperHold : IDisposable
{
    /// <summary>umount(8) returns before the daemon has cleaned up and ended: who mounts again right away waits for that so long.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(5);

    private readonly IReadOnlyList<Fd> _locks;

    internal UpperHold(OverlayOptions options, IReadOnlyList<Fd> locks)
    {
        Options = options;
        _locks = locks;
    }

    /// <summary>The options as they turned out: UserXattr is decided.</summary>
    public OverlayOptions Options { get; }

    /// <summary>Locks both directories, then probes what the file system can do.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="work">The work directory.</param>
    /// <param name="options">What is to be mounted.</param>
    /// <exception cref="MountRefusedException">Somebody else has them, or the file system lacks something.</exception>
    public static UpperHold Take(LayerPlace upper, LayerPlace work, OverlayOptions options)
    {
        var locks = new List<Fd>();
        try
        {
            locks.Add(Lock(upper));
            locks.Add(Lock(work));
            options = options with { UserXattr = UpperMarks.Choose(upper, work, options) };
            bool userXattr = options.ReadOnly ? options.UserXattr ?? false : WorkProbe.Run(upper, work, options.UserXattr);
            MarkChecks.RefuseUntrusted(options, userXattr);
            return new UpperHold(options with { UserXattr = userXattr }, locks);
        }
        catch (MountRefusedException)
        {
            locks.ForEach(Sys.Close);
            throw;
        }
    }

    /// <summary>Gives both directories free.</summary>
    public void Dispose()
    {
        foreach (Fd fd in _locks)
            Sys.Close(fd);
    }

    private static Fd Lock(LayerPlace place)
    {
        // An own open file description: the lock must outlive the place's descriptor.
        Errno error = Sys.Reopen(place.Fd, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd fd);
        if (error == Errno.None)
            error = AwaitLock(fd);
        if (error == Errno.None)
            return fd;
        if (fd.IsOpen)
            Sys.Close(fd);
        throw new MountRefusedException(error == Errno.EAGAIN
            ? $"{place}: in use by another overlayfuse mount; unmount that one (see 'findmnt -t fuse.overlayfuse') or use another directory"
            : $"{place}: cannot be locked ({error}); use a directory on a local file system");
    }

    private static Errno AwaitLock(Fd directory)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            Errno error = Sys.TryLockExclusive(directory);
            if (error != Errno.EAGAIN || Stopwatch.GetElapsedTime(start) > s_patience)
                return error;
            Thread.Sleep(s_poll);
        }
    }
}
