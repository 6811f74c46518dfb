using System.Globalization;
using System.Text;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>An overlay mounted by a program with the command line of fuse-overlayfs: ours, or a peer's.</summary>
internal sealed class FuseOverlay : OverlayMount
{
    /// <summary>A daemon mostly has the next process id after its starter: looking there first spares a walk through /proc.</summary>
    private const int NextProcesses = 8;

    private const int EndMilliseconds = 10_000;
    private readonly List<int> daemons;
    private Timer? watchdog;

    private FuseOverlay(string program, string mountpoint, int starter) : base(mountpoint)
    {
        Name = Path.GetFileName(program);
        daemons = [.. ProcessesNaming(mountpoint, Enumerable.Range(starter + 1, NextProcesses))];
        if (daemons.Count == 0) daemons = [.. ProcessesNaming(mountpoint, AllProcesses())];
    }

    public override string Name { get; }

    /// <summary>The daemon's process ids, found by the mountpoint in their command lines.</summary>
    public IReadOnlyList<int> Daemons => daemons;

    /// <summary>Starts <paramref name="program"/>; exit status 0 must mean that the mount is live.</summary>
    public static FuseOverlay Mount(string program, OverlayOptions options, string mountpoint)
    {
        MakeMountpoint(mountpoint);
        (int starter, ToolResult result) = Spawn.Run(program, "-o",
            options + (options.Io.Length > 0 ? ",io=" + options.Io : "") + ",noatime", mountpoint);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"{program} -o {options} {mountpoint}: "
                + $"exit {result.ExitCode}\n{result.Output}{result.Error}");
        if (!IsMountpoint(mountpoint))
            throw new InvalidOperationException($"{program} exited 0, but {mountpoint} is not mounted\n{result.Output}{result.Error}");
        return new FuseOverlay(program, mountpoint, starter);
    }

    /// <summary>
    /// From now on, a mount that lives longer than this is taken for hung: its FUSE connection is aborted, so that blocked calls fail with
    /// ENOTCONN and the test run goes on.
    /// </summary>
    public void AbortAfter(TimeSpan patience) => watchdog = new Timer(_ => Abort(), null, patience, Timeout.InfiniteTimeSpan);

    protected override void AwaitEnd()
    {
        watchdog?.Dispose();
        foreach (int pid in daemons)
            if (!Ended(pid, EndMilliseconds))
            {
                _ = Syscall.kill(pid, Signum.SIGKILL);
                throw new TimeoutException($"{Name}: daemon {pid} still ran {EndMilliseconds} ms after {Mountpoint} was unmounted");
            }
    }

    private void Abort()
    {
        string abort = $"/sys/fs/fuse/connections/{MountTable.DeviceMinor(Mountpoint)}/abort";
        if (File.Exists(abort)) File.WriteAllText(abort, "1");
        else // Where fusectl is not mounted: the end of the last holder of /dev/fuse aborts as well.
            foreach (int pid in daemons)
                _ = Syscall.kill(pid, Signum.SIGKILL);
    }

    private static bool Ended(int pid, int milliseconds)
    {
        int pidfd = (int)Libc.syscall(Libc.SYS_pidfd_open, pid, 0, 0);
        if (pidfd < 0) return true;
        Pollfd[] poll = [new Pollfd { fd = pidfd, events = PollEvents.POLLIN }];
        int ready = Syscall.poll(poll, 1, milliseconds);
        _ = Syscall.close(pidfd);
        return ready == 1;
    }

    /// <summary>Another device than its parent's: cheaper than the table of mounts.</summary>
    private static bool IsMountpoint(string path) =>
        Syscall.lstat(path, out Stat root) == 0 && Syscall.lstat(Path.GetDirectoryName(path)!, out Stat parent) == 0
            && root.st_dev != parent.st_dev;

    private static IEnumerable<int> ProcessesNaming(string mountpoint, IEnumerable<int> among) =>
        among.Where(pid => pid != Environment.ProcessId && CommandLine($"/proc/{pid}").Split('\0').Contains(mountpoint) && !IsThread(pid));

    /// <summary>/proc shows threads, too, to who asks for them by their number.</summary>
    private static bool IsThread(int pid)
    {
        try
        {
            return !File.ReadLines($"/proc/{pid}/status").Contains($"Tgid:\t{pid}");
        }
        catch (IOException)
        {
            return true; // It ended meanwhile, as threads do.
        }
    }

    private static IEnumerable<int> AllProcesses() =>
        from directory in Directory.EnumerateDirectories("/proc")
        let name = Path.GetFileName(directory)
        where char.IsAsciiDigit(name[0])
        select int.Parse(name, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string CommandLine(string directory)
    {
        try
        {
            return File.Exists(directory + "/cmdline") ? Encoding.UTF8.GetString(File.ReadAllBytes(directory + "/cmdline")) : "";
        }
        catch (IOException)
        {
            return ""; // It ended meanwhile.
        }
    }
}
