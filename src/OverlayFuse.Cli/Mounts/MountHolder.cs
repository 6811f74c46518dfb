using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Mounts;

/// <summary>A process that uses a mount. Seen are those whose /proc/PID this user may read: his own, all for root.</summary>
/// <param name="Id">Process id.</param>
/// <param name="Name">What it calls itself (/proc/PID/comm).</param>
/// <param name="Use">One thing that it does there: "works in /m/dir".</param>
internal sealed record MountHolder(string Id, string Name, string Use)
{
    private const int MostNamed = 5;

    /// <summary>Those who have their working directory, their root, an open file or a mapped one there.</summary>
    /// <param name="mountPoint">Absolute, without symlinks.</param>
    public static IReadOnlyList<MountHolder> Find(string mountPoint)
    {
        var holders = new List<MountHolder>();
        foreach (string id in Processes())
        {
            if (UseBy("/proc/" + id, mountPoint) is { } use)
                holders.Add(new MountHolder(id, Command(id), use));
        }
        return holders;
    }

    /// <summary>The first process of each other mount namespace that has a mount of this device: "bash (12), nginx (40)"; empty when there is none.</summary>
    /// <param name="device">"0:45", as in mountinfo.</param>
    public static string OtherNamespaces(string device)
    {
        var strangers = new List<string>();
        var seen = new HashSet<string> { Link("/proc/self/ns/mnt") ?? "" };
        foreach (string id in Processes())
        {
            bool isNew = Link($"/proc/{id}/ns/mnt") is { } its && seen.Add(its);
            if (isNew && Lines($"/proc/{id}/mountinfo").Any(line => line.Split(' ') is [_, _, var mounted, ..] && mounted == device))
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
        if (Link(process + "/cwd") is { } directory && IsIn(directory, mountPoint))
            return "works in " + directory;
        if (Link(process + "/root") is { } root && IsIn(root, mountPoint))
            return "has its root at " + root;
        if (Entries(process + "/fd").Select(Link).FirstOrDefault(file => file is not null && IsIn(file, mountPoint)) is { } open)
            return "has " + open + " open";
        return Lines(process + "/maps").Select(MappedFile).FirstOrDefault(file => IsIn(file, mountPoint)) is { } mapped ? "has " + mapped + " mapped" : null;
    }

    /// <summary>"ADDRESSES RIGHTS OFFSET DEVICE INODE   PATH"; empty for what is no file.</summary>
    private static string MappedFile(string line) => line.IndexOf('/', StringComparison.Ordinal) is >= 0 and int path ? line[path..] : "";

    private static bool IsIn(string path, string mountPoint) =>
        path.StartsWith(mountPoint, StringComparison.Ordinal) && (path.Length == mountPoint.Length || path[mountPoint.Length] == '/');

    private static IEnumerable<string> Processes() => Entries("/proc").Select(entry => entry["/proc/".Length..]).Where(name => char.IsAsciiDigit(name[0]));

    private static string Command(string id) => Lines($"/proc/{id}/comm").FirstOrDefault("?");

    /// <summary>Null when the process has ended or is not ours to look at.</summary>
    private static string? Link(string path) => TextFile.ReadLink(path, out string target) == Errno.None ? target : null;

    private static string[] Lines(string path)
    {
        _ = TextFile.ReadLines(path, out string[] lines); // none of a process that has ended, or is not ours to look at
        return lines;
    }

    private static string[] Entries(string path) => Attempt<string[]>(() => Directory.GetFileSystemEntries(path), []);

    private static T Attempt<T>(Func<T> look, T otherwise)
    {
        try
        {
            return look();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return otherwise;
        }
    }
}
