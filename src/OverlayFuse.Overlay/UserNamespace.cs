using System.Globalization;

namespace OverlayFuse.Overlay;

/// <summary>
/// Owners without a place in the daemon's user namespace. stat(2) says 65534 of them. Where the namespace does not have that id either, the VFS would
/// refuse to remove or rename such a file (EOVERFLOW of may_delete), whoever owns its directory; so somebody who has a place must stand in. The disk
/// goes on deciding what may be done: the daemon has no more rights there than its mounter.
/// </summary>
internal static class UserNamespace
{
    /// <summary>The last id of the namespace: of those it has, the one that is least likely to be anybody's; root's where it is the only one.</summary>
    /// <param name="map">"uid_map", "gid_map".</param>
    /// <returns>Null where 65534 has a place.</returns>
    public static uint? StandInOf(string map)
    {
        uint? last = null;
        foreach (string line in Read(map))
        {
            uint[] numbers = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => uint.Parse(number, CultureInfo.InvariantCulture))];
            (uint first, uint count) = (numbers[0], numbers[2]);
            if (IdMap.Overflow - first < count)
                return null;
            uint end = first + count - 1;
            last = last is { } before && before > end ? before : end;
        }
        return last;
    }

    private static string[] Read(string map)
    {
        try
        {
            return File.ReadAllLines("/proc/self/" + map);
        }
        catch (IOException)
        {
            return []; // without /proc nobody knows: shown as "nobody"
        }
    }
}
