using System.Text;

namespace OverlayFuse.Fuse;

/// <summary>/proc/self/mountinfo, see proc(5).</summary>
internal static class MountTable
{
    private const int DeviceColumn = 2;
    private const int MountPointColumn = 4;

    /// <summary>
    /// Which mount is on top at a path: mount id, device, type and source, as the kernel gives the numbers of a mount that is gone
    /// to the next one. Null when none is there.
    /// </summary>
    /// <param name="mountPoint">Absolute, without symlinks.</param>
    internal static string? Identify(string mountPoint)
    {
        string? identity = null;
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            string[] columns = line.Split(' ', MountPointColumn + 2);
            if (columns.Length > MountPointColumn && Unescape(columns[MountPointColumn]) == mountPoint)
                identity = $"{columns[0]} {columns[DeviceColumn]} {TypeAndSource(line)}"; // later lines lie over earlier ones
        }
        return identity;
    }

    /// <summary>What follows the optional columns, less the options, which a remount may change.</summary>
    private static string TypeAndSource(string line) =>
        string.Join(' ', line[(line.IndexOf(" - ", StringComparison.Ordinal) + 3)..].Split(' ').Take(2));

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
