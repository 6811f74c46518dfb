using System.Globalization;

namespace OverlayFuse.Linux;

/// <summary>The processors of the machine.</summary>
public static class Processors
{
    /// <summary>The number of processors that the kernel has made room for: num_possible_cpus(). 0 if /sys does not tell.</summary>
    public static int Possible { get; } =
        TextFile.Read("/sys/devices/system/cpu/possible", out string text) == Errno.None ? Count(text) : 0;

    /// <summary>The number of numbers in a list of the kernel.</summary>
    /// <param name="list">Such as "0-3,8".</param>
    /// <returns>0 if it is not such a list.</returns>
    internal static int Count(string list)
    {
        int count = 0;
        foreach (string part in list.Trim().Split(','))
        {
            string[] ends = part.Split('-');
            if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first) ||
                !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last) || last < first)
                return 0;
            count += last - first + 1;
        }
        return count;
    }
}
