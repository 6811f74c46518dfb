using System.Globalization;
using System.Text;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>One line of /proc/self/mountinfo.</summary>
/// <param name="Id">Mount id.</param>
/// <param name="Device">"major:minor" of the superblock.</param>
/// <param name="Root">The directory of the file system that is mounted.</param>
/// <param name="MountPoint">Where.</param>
/// <param name="Options">Options of the mount, then of the superblock.</param>
/// <param name="Type">File-system type, with subtype.</param>
public sealed record MountEntry(int Id, string Device, string Root, string MountPoint, IReadOnlyList<string> Options, string Type)
{
    /// <summary>Whether the mount or its superblock is read-only.</summary>
    public bool IsReadOnly => Options.Contains("ro");

    /// <summary>The value of an option, or null.</summary>
    /// <param name="name">Without '='.</param>
    public string? Option(string name) =>
        Options.FirstOrDefault(option => option.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
}

/// <summary>The mounts of our mount namespace at one moment.</summary>
public sealed class MountTable
{
    private MountTable(IReadOnlyList<MountEntry> entries) => Entries = entries;

    /// <summary>All mounts, the oldest first.</summary>
    public IReadOnlyList<MountEntry> Entries { get; }

    /// <summary>Reads /proc/self/mountinfo.</summary>
    /// <exception cref="MountRefusedException">There is no /proc.</exception>
    public static MountTable Read()
    {
        Errno error = TextFile.ReadLines(Proc.PathOf("self/mountinfo"), out string[] lines);
        return error == Errno.None ? Parse(lines) : throw new MountRefusedException(
            $"/proc/self/mountinfo: cannot be read ({error}); mount /proc where this program runs: mount -t proc proc /proc");
    }

    /// <summary>Reads lines as in proc_pid_mountinfo(5).</summary>
    /// <param name="lines">The lines.</param>
    public static MountTable Parse(IEnumerable<string> lines) => new([.. lines.Select(ParseLine)]);

    /// <summary>The mount with this id, or null when it is not in our namespace.</summary>
    /// <param name="id">Mount id.</param>
    public MountEntry? Find(int id) => Entries.FirstOrDefault(entry => entry.Id == id);

    /// <summary>"ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPEROPTIONS".</summary>
    private static MountEntry ParseLine(string line)
    {
        string[] fields = line.Split(' ');
        int separator = Array.IndexOf(fields, "-", 6);
        string superOptions = separator + 3 < fields.Length ? fields[separator + 3] : "";
        return new MountEntry(
            int.Parse(fields[0], CultureInfo.InvariantCulture),
            fields[2],
            Unescape(fields[3]),
            Unescape(fields[4]),
            [.. fields[5].Split(','), .. superOptions.Split(',').Select(Unescape)],
            fields[separator + 1]);
    }

    /// <summary>The kernel's mangle(): blanks and other delimiters are written as a backslash and three octal digits.</summary>
    private static string Unescape(string field)
    {
        var plain = new StringBuilder(field.Length);
        for (int i = 0; i < field.Length; i++)
        {
            bool isEscape = field[i] == '\\' && i + 3 < field.Length && char.IsAsciiDigit(field[i + 1]);
            _ = plain.Append(isEscape ? (char)Convert.ToInt32(field.Substring(i + 1, 3), 8) : field[i]);
            i += isEscape ? 3 : 0;
        }
        return plain.ToString();
    }
}
