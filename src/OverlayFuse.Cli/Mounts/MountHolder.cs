using System.Collections.Concurrent;
using OverlayFuse.Cli.Native;
using OverlayFuse.Linux;
using System.Globalization;

namespace OverlayFuse.Cli.Mounts;

/// <summary>A process that uses a mount. Found are processes with a /proc/PID that this user may read: its own, or all for root.</summary>
/// <param name="Id">Process id.</param>
/// <param name="Name">Its name (/proc/PID/comm).</param>
/// <param name="Use">One use of the mount: "works in /m/dir".</param>
internal sealed record MountHolder(string Id, string Name, string Use)
{
    private const int MostNamed = 5;

    /// <summary>
    /// True for a child that an earlier question has left behind (native/ask.c). It ends when its request does, and writes nothing.
    /// </summary>
    public bool IsAsker => Name == ProcessNames.Ask && ProcFile.ReadLink($"/proc/{Id}/exe") == ProcFile.ReadLink("/proc/self/exe");

    /// <summary>A table of mappings is read under a lock that a page fault may hold in a mount that does not answer.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Finds the processes that have their working directory, their root, an open file or a mapped one there: as many as are found in time.
    /// </summary>
    /// <param name="mountPoint">Absolute, without symbolic links.</param>
    public static IReadOnlyList<MountHolder> Find(string mountPoint)
    {
        var holders = new ConcurrentQueue<MountHolder>();
        var search = new Thread(() => Find(mountPoint, holders)) { IsBackground = true };
        search.Start();
        _ = search.Join(s_patience);
        return [.. holders];
    }

    private static void Find(string mountPoint, ConcurrentQueue<MountHolder> holders)
    {
        foreach (string id in Processes())
        {
            if (UseBy("/proc/" + id, mountPoint) is { } use)
                holders.Enqueue(new MountHolder(id, Command(id), use));
        }
    }

    /// <summary>
    /// The first process of each other mount namespace that has a mount of this device: "bash (12), nginx (40)". Empty if there is none.
    /// </summary>
    /// <param name="device">"0:45", as in mountinfo.</param>
    public static string OtherNamespaces(string device)
    {
        var strangers = new List<string>();
        var seen = new HashSet<string> { ProcFile.ReadLink("/proc/self/ns/mnt") ?? "" };
        foreach (string id in Processes())
        {
            bool isNew = ProcFile.ReadLink($"/proc/{id}/ns/mnt") is { } its && seen.Add(its);
            if (isNew && MountTable.ReadOf(uint.Parse(id, CultureInfo.InvariantCulture), out MountTable mounts) == Errno.None
                && mounts.OfDevice(device) is not null)
                strangers.Add($"{Command(id)} ({id})");
        }
        return string.Join(", ", strangers.Take(MostNamed));
    }

    /// <summary>"bash (12: works in /m/dir), and 3 more".</summary>
    public static string ToText(IReadOnlyList<MountHolder> holders) =>
        string.Join(", ", holders.Take(MostNamed).Select(holder => $"{holder.Name} ({holder.Id}: {holder.Use})"))
        + (holders.Count > MostNamed ? $", and {holders.Count - MostNamed} more" : "");

    private static string? UseBy(string process, string mountPoint)
    {
        if (ProcFile.ReadLink(process + "/cwd") is { } directory && IsIn(directory, mountPoint))
            return "works in " + directory;
        if (ProcFile.ReadLink(process + "/root") is { } root && IsIn(root, mountPoint))
            return "has its root at " + root;
        IEnumerable<string> opened = Names(process + "/fd").Select(name => ProcFile.ReadLink($"{process}/fd/{name}")).OfType<string>();
        if (opened.FirstOrDefault(file => IsIn(file, mountPoint)) is { } open)
            return "has " + open + " open";
        IEnumerable<string> mappings = ProcFile.Lines(process + "/maps").Select(MappedFile);
        return mappings.FirstOrDefault(file => IsIn(file, mountPoint)) is { } mapped ? "has " + mapped + " mapped" : null;
    }

    /// <summary>"ADDRESSES RIGHTS OFFSET DEVICE INODE   PATH". Empty for a mapping without a file.</summary>
    private static string MappedFile(string line) => line.IndexOf('/', StringComparison.Ordinal) is >= 0 and int path ? line[path..] : "";

    private static bool IsIn(string path, string mountPoint) =>
        path.StartsWith(mountPoint, StringComparison.Ordinal) && (path.Length == mountPoint.Length || path[mountPoint.Length] == '/');

    private static IEnumerable<string> Processes() => Names("/proc").Where(name => char.IsAsciiDigit(name[0]));

    private static string Command(string id) => ProcFile.Lines($"/proc/{id}/comm").FirstOrDefault("?");

    /// <summary>Empty if the process has ended or is not ours to look at.</summary>
    private static List<string> Names(string directory)
    {
        // After an error the names that were listed before it.
        _ = ProcFile.List(directory, out List<string> names);
        return names;
    }
}
