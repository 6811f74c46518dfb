using System.Globalization;
using System.Text;

namespace OverlayFuse.Linux;

/// <summary>
/// One mount: a line of mountinfo (proc_pid_mountinfo(5)), "ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAGS...] - TYPE SOURCE SUPEROPTIONS".
/// Immutable. A property decodes its field when it is read: most callers look for one mount and compare one field of the others.
/// </summary>
public sealed class MountEntry
{
    private const int FixedFields = 6;

    private readonly string[] _fields;
    private readonly int _separator;

    private MountEntry(int id, string[] fields, int separator)
    {
        Id = id;
        _fields = fields;
        _separator = separator;
    }

    /// <summary>The mount id.</summary>
    public int Id { get; }

    /// <summary>"major:minor" of the superblock.</summary>
    public string Device => _fields[2];

    /// <summary>The directory of the file system that is mounted.</summary>
    public string Root => Unescape(_fields[3]);

    /// <summary>The absolute path of the mountpoint.</summary>
    public string MountPoint => Unescape(_fields[4]);

    /// <summary>The options of the mount, then those of the superblock.</summary>
    public IReadOnlyList<string> Options => [.. _fields[5].Split(','), .. SuperOptions.Split(',').Select(Unescape)];

    /// <summary>The type of the file system, with its subtype.</summary>
    public string Type => _fields[_separator + 1];

    /// <summary>The source that mount(2) was given.</summary>
    public string Source => Unescape(_fields[_separator + 2]);

    /// <summary>True if the mount or its superblock is read-only.</summary>
    public bool IsReadOnly => Options.Contains("ro");

    private string SuperOptions => _separator + 3 < _fields.Length ? _fields[_separator + 3] : "";

    /// <summary>The value of an option; null if the mount does not have it.</summary>
    /// <param name="name">Without '='.</param>
    public string? Option(string name) =>
        Options.FirstOrDefault(option => option.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];

    /// <returns>Null if the line does not have the form of the kernel's.</returns>
    internal static MountEntry? Parse(string line)
    {
        string[] fields = line.Split(' ');
        int separator = fields.Length > FixedFields ? Array.IndexOf(fields, "-", FixedFields) : -1;
        bool isWhole = separator > 0 && separator + 2 < fields.Length;
        return isWhole && int.TryParse(fields[0], CultureInfo.InvariantCulture, out int id) ? new MountEntry(id, fields, separator) : null;
    }

    /// <summary>The kernel (mangle_path) writes blanks and other delimiters as a backslash and three octal digits.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\'))
            return field;
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
