using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// Owners without a place in the daemon's user namespace. stat(2) says 65534 of them. Where the namespace does not have that id either, the VFS would
/// refuse to remove or rename such a file (EOVERFLOW of may_delete), whoever owns its directory; so somebody who has a place must stand in. The disk
/// goes on deciding what may be done: the daemon has no more rights there than its mounter.
/// </summary>
internal static class UserNamespace
{
    /// <summary>overflowuid of the kernel: the id that stands for an owner without a place ("nobody").</summary>
    public const uint Overflow = 65534;

    /// <summary>True if the daemon runs as root of the first user namespace, where CAP_SYS_ADMIN lets it write xattrs trusted.*.</summary>
    public static bool IsRootOfFirst() =>
        Sys.EffectiveUid == 0
        && TextFile.Read(Proc.PathOf("self/uid_map"), out string map) == Errno.None
        && map.Contains("4294967295", StringComparison.Ordinal);

    /// <summary>The last id of the namespace: of those it has, the one that is least likely to be anybody's; root's where it is the only one.</summary>
    /// <param name="map">"uid_map", "gid_map".</param>
    /// <returns>Null where 65534 has a place.</returns>
    public static uint? StandInOf(string map)
    {
        uint? last = null;
        foreach ((uint first, _, uint count) in Read("self", map))
        {
            if (Overflow - first < count)
                return null;
            uint end = first + count - 1;
            last = last is { } before && before > end ? before : end;
        }
        return last;
    }

    /// <summary>Whether an id of the daemon's user namespace has a place in that of another process, below it.</summary>
    public static bool HasPlace(uint pid, string map, uint id) =>
        Read(pid.ToString(CultureInfo.InvariantCulture), map).Any(range => id - range.Outside < range.Count && range.Outside != uint.MaxValue);

    /// <summary>The ranges of a map as this process sees them; none where it may not be read, or /proc is not there.</summary>
    private static IEnumerable<(uint Inside, uint Outside, uint Count)> Read(string process, string map)
    {
        _ = TextFile.Read(Proc.PathOf($"{process}/{map}"), out string text); // not to be read: no ranges
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    private static (uint Inside, uint Outside, uint Count) Parse(string line)
    {
        uint[] numbers = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => uint.Parse(number, CultureInfo.InvariantCulture))];
        return (numbers[0], numbers[1], numbers[2]);
    }
}
