using System.Text;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>/proc/self/mountinfo, see proc(5).</summary>
internal static class MountTable
{
    private const int MountPointColumn = 4;

    /// <summary>Type and source of the mount on top at a path; empty when none is there, or without /proc.</summary>
    /// <param name="mountPoint">Absolute, without symlinks.</param>
    internal static string TypeAndSource(string mountPoint)
    {
        string found = "";
        _ = TextFile.ReadLines(Proc.PathOf("self/mountinfo"), out string[] lines); // then there are none
        foreach (string line in lines)
        {
            string[] columns = line.Split(' ', MountPointColumn + 2);
            if (columns.Length > MountPointColumn && Unescape(columns[MountPointColumn]) == mountPoint)
                found = TypeAndSourceOf(line); // later lines lie over earlier ones
        }
        return found;
    }

    /// <summary>What follows the optional columns, less the options, which a remount may change.</summary>
    private static string TypeAndSourceOf(string line) =>
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
