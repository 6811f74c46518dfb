using System.Globalization;

namespace OverlayFuse.Linux;

/// <summary>The mounts of a mount namespace at one moment, from mountinfo. No other code reads that file. Immutable.</summary>
public sealed class MountTable
{
    private MountTable(IReadOnlyList<MountEntry> entries) => Entries = entries;

    /// <summary>All mounts, the oldest first.</summary>
    public IReadOnlyList<MountEntry> Entries { get; }

    /// <summary>Reads the mounts of the namespace of this process.</summary>
    /// <param name="table">Empty on failure.</param>
    /// <returns>ENOENT without /proc.</returns>
    public static Errno Read(out MountTable table) => ReadFile("self", out table);

    /// <summary>Reads the mounts of the namespace of another process.</summary>
    /// <param name="process">The id of the process.</param>
    /// <param name="table">Empty on failure.</param>
    /// <returns>ENOENT without /proc or such a process, EACCES or EPERM if the caller may not look at it.</returns>
    public static Errno ReadOf(uint process, out MountTable table) => ReadFile(process.ToString(CultureInfo.InvariantCulture), out table);

    /// <summary>Reads lines as the kernel writes them; leaves out lines of any other form.</summary>
    /// <param name="lines">The lines.</param>
    public static MountTable Parse(IEnumerable<string> lines) => new([.. lines.Select(MountEntry.Parse).OfType<MountEntry>()]);

    /// <summary>The mount with this id; null if it is not in the namespace.</summary>
    /// <param name="id">The mount id.</param>
    public MountEntry? Find(int id) => Entries.FirstOrDefault(entry => entry.Id == id);

    /// <summary>The first mount of a device; null if the namespace has none.</summary>
    /// <param name="device">"major:minor" of the superblock.</param>
    public MountEntry? OfDevice(string device) => Entries.FirstOrDefault(entry => entry.Device == device);

    /// <summary>The mount on top at a path; null if none is there. A later mount covers an earlier one.</summary>
    /// <param name="mountPoint">Absolute, without symbolic links.</param>
    public MountEntry? OnTopAt(string mountPoint) => Entries.LastOrDefault(entry => entry.MountPoint == mountPoint);

    private static Errno ReadFile(string process, out MountTable table)
    {
        Errno error = TextFile.ReadLines(Proc.PathOf(process + "/mountinfo"), out string[] lines);
        table = Parse(lines);
        return error;
    }
}
