using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Callers;

/// <summary>
/// Owners without a place in the daemon's user namespace. stat(2) shows them as 65534. If the namespace does not have that id either, the
/// VFS refuses to remove or rename such a file (EOVERFLOW of may_delete), regardless of the owner of its directory. So an id that has a
/// place stands in. The real file system still decides about rights: the daemon has no more of them there than its mounter.
/// </summary>
internal static class UserNamespace
{
    /// <summary>The kernel's overflowuid: the id that stands for an owner without a place ("nobody").</summary>
    public const uint Overflow = 65534;

    /// <summary>True if the daemon runs as root of the first user namespace, where CAP_SYS_ADMIN lets it write xattrs trusted.*.</summary>
    public static bool IsRootOfFirst() =>
        Sys.EffectiveUid == 0
        && TextFile.Read(Proc.PathOf("self/uid_map"), out string map) == Errno.None
        && map.Contains("4294967295", StringComparison.Ordinal);

    /// <summary>The last id of the namespace. It is the least likely to belong to a user; if root's is the only id, it is root's.</summary>
    /// <param name="map">"uid_map" or "gid_map".</param>
    /// <returns>Null if 65534 has a place.</returns>
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

    /// <summary>True if an id of the daemon's user namespace has a place in the namespace of another process, below it.</summary>
    public static bool HasPlace(uint pid, string map, uint id) =>
        Read(pid.ToString(CultureInfo.InvariantCulture), map)
            .Any(range => id - range.Outside < range.Count && range.Outside != uint.MaxValue);

    /// <summary>The ranges of a map as this process sees them; none if the file cannot be read.</summary>
    private static IEnumerable<(uint Inside, uint Outside, uint Count)> Read(string process, string map)
    {
        // After an error the text is empty.
        _ = TextFile.Read(Proc.PathOf($"{process}/{map}"), out string text);
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    private static (uint Inside, uint Outside, uint Count) Parse(string line)
    {
        string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        uint[] numbers = [.. fields.Select(number => uint.Parse(number, CultureInfo.InvariantCulture))];
        return (numbers[0], numbers[1], numbers[2]);
    }
}
