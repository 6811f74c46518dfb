using System.Text;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>The mounts of this process's namespace, from /proc/self/mountinfo.</summary>
internal static class MountTable
{
    /// <summary>
    /// Mountpoints at or below <paramref name="root"/>, the latest mount first: the order in which they can be unmounted.
    /// </summary>
    public static List<string> Below(string root)
    {
        var found = new List<string>();
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            string point = Unescape(line.Split(' ')[4]);
            if (point == root || point.StartsWith(root + "/", StringComparison.Ordinal)) found.Add(point);
        }
        found.Reverse();
        return found;
    }

    public static bool IsMountpoint(string path) => Below(path).Contains(path);

    /// <summary>The minor number of the device mounted at <paramref name="path"/>; for FUSE also the number of the connection.</summary>
    public static string? DeviceMinor(string path) =>
        (from line in File.ReadLines("/proc/self/mountinfo")
         let fields = line.Split(' ')
         where Unescape(fields[4]) == path
         select fields[2].Split(':')[1]).LastOrDefault();

    /// <summary>Undoes the kernel's seq_file escapes: backslash and three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        var bytes = new List<byte>();
        byte[] raw = Encoding.UTF8.GetBytes(field);
        for (int i = 0; i < raw.Length; i++)
            if (raw[i] == '\\' && i + 3 < raw.Length)
            {
                bytes.Add((byte)(((raw[i + 1] - '0') << 6) | ((raw[i + 2] - '0') << 3) | (raw[i + 3] - '0')));
                i += 3;
            }
            else bytes.Add(raw[i]);
        return Encoding.UTF8.GetString([.. bytes]);
    }
}
