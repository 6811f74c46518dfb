using System.Globalization;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Soak;

/// <summary>Looks at the daemons of a mount through /proc, and ends them.</summary>
internal static class DaemonProcess
{
    private const int EndMilliseconds = 10_000;

    /// <summary>Processes that have the mountpoint among their arguments.</summary>
    public static List<int> Of(params string[] mountpoints)
    {
        var found = new List<int>();
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(directory), NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
                && pid != Environment.ProcessId && Arguments(pid).Intersect(mountpoints).Any())
                found.Add(pid);
        return found;
    }

    /// <summary>Resident memory of all the daemons together.</summary>
    public static long ResidentKiB(IEnumerable<int> daemons) => daemons.Sum(pid => StatusField(pid, "VmRSS:"));

    public static int Descriptors(IEnumerable<int> daemons) => daemons.Sum(pid => Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length);

    /// <summary>
    /// Sends a signal. SIGSTOP has stopped every thread when this returns: one thread takes it and tells the others, and on a busy machine
    /// those answer requests until then.
    /// </summary>
    public static void Signal(IEnumerable<int> daemons, Signum signal)
    {
        foreach (int pid in daemons)
        {
            Tool.Check(Syscall.kill(pid, signal), $"kill {pid}");
            if (signal == Signum.SIGSTOP)
                Assert.That(SpinWait.SpinUntil(() => IsStopped(pid), EndMilliseconds), $"every thread of {pid} has stopped");
        }
    }

    private static bool IsStopped(int pid) =>
        Directory.EnumerateDirectories($"/proc/{pid}/task").All(task =>
            ReadOrEmpty(task + "/status").Split('\n').Any(line => line.StartsWith("State:\tT", StringComparison.Ordinal)));

    /// <summary>Fails the test when a daemon still runs long after it should have ended.</summary>
    public static void AssertEnded(IReadOnlyList<int> daemons, string why)
    {
        bool ended = SpinWait.SpinUntil(() => !daemons.Any(Runs), EndMilliseconds);
        Assert.That(ended, $"daemons {string.Join(' ', daemons)} still run after {why}");
    }

    /// <summary>A process that has ended may wait for its parent to ask.</summary>
    public static bool Runs(int pid) => StatusLine(pid, "State:") is { } state && !state.Contains('Z', StringComparison.Ordinal);

    private static long StatusField(int pid, string name) =>
        StatusLine(pid, name) is { } line
            ? long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) : 0;

    private static string? StatusLine(int pid, string name) =>
        ReadOrEmpty($"/proc/{pid}/status").Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));

    private static string[] Arguments(int pid) => ReadOrEmpty($"/proc/{pid}/cmdline").Split('\0');

    private static string ReadOrEmpty(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // It ended meanwhile.
        }
    }
}
