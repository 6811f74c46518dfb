using System.Text;

namespace OverlayFuse.Fuse;

/// <summary>/proc/self/mountinfo, see proc(5).</summary>
internal static class MountTable
{
    private const int DeviceColumn = 2;
    private const int MountPointColumn = 4;

    /// <summary>"major:minor" of the mount that is on top at a path; null when none is there.</summary>
    /// <param name="mountPoint">Absolute, without symlinks.</param>
    internal static string? FindDevice(string mountPoint)
    {
        string? device = null;
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            string[] columns = line.Split(' ', MountPointColumn + 2);
            if (columns.Length > MountPointColumn && Unescape(columns[MountPointColumn]) == mountPoint)
                device = columns[DeviceColumn]; // later lines lie over earlier ones
        }
        return device;
    }

    /// <summary>Space, tab, newline and backslash are octal escapes.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
            return text;
        var result = new StringBuilder(text);
        foreach ((string escape, string character) in new[] { (@"\040", " "), (@"\011", "\t"), (@"\012", "\n"), (@"\134", @"\") })
            result = result.Replace(escape, character);
        return result.ToString();
    }
}
