using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>A daemon's message to other daemons, given by a mark on a directory.</summary>
internal enum HoldMark
{
    /// <summary>The directory is taken. The value is the daemon's process id.</summary>
    Holder = 1,

    /// <summary>The view is mounted. The value is the device number of the mount.</summary>
    Device = 2,

    /// <summary>The mount is gone and the daemon finishes its work. No value.</summary>
    Ending = 3,

    /// <summary>A daemon reads the marks. Others ignore this one.</summary>
    Looking = 4,
}

/// <summary>
/// Our marks on an upper or a work directory: bytes of the directory, locked for reading by fcntl(2). Each kind of mark has its own range,
/// and the place in the range is the value. Nothing is written to the disk. The locks end with the process, and do not conflict with
/// flock(2) of other programs. A lock for reading excludes no other, so a daemon sets its mark first and then looks for others. If two
/// daemons do this at the same time, at least one sees the other.
/// </summary>
internal sealed class HoldMarks : IDisposable
{
    private const int Spread = 40;
    private readonly Fd _tree, _directory;

    private HoldMarks(Fd tree, Fd directory)
    {
        _tree = tree;
        _directory = directory;
    }

    /// <summary>
    /// Opens the directory once more, because the locks live as long as this descriptor. The way goes through a clone of the mount, if the
    /// daemon may make one, so that the disk can be unmounted.
    /// </summary>
    public static Errno Open(LayerPlace place, out HoldMarks? marks)
    {
        bool isClone = Sys.CloneMount(place.Fd, readOnly: true, out Fd tree) == Errno.None;
        Errno error = Sys.OpenAt(isClone ? tree : place.Fd, Name.Dot, OpenFlags.ReadOnly | OpenFlags.Directory, out Fd directory);
        marks = error == Errno.None ? new HoldMarks(tree, directory) : null;
        if (error != Errno.None && isClone)
            Sys.Close(tree);
        return error;
    }

    /// <summary>Sets a mark.</summary>
    public Errno Set(HoldMark mark, uint value) => Sys.LockByte(_directory, Offset(mark) + value);

    /// <summary>Takes a mark back. After an error the mark ends with the descriptor.</summary>
    public void Clear(HoldMark mark, uint value) => _ = Sys.UnlockByte(_directory, Offset(mark) + value);

    /// <summary>Tells if another daemon has set a mark of this kind.</summary>
    public Errno Find(HoldMark mark, out bool isSet, out uint value)
    {
        Errno error = Sys.FindLock(_directory, Offset(mark), 1L << Spread, out long found);
        isSet = found >= 0;
        // Another program's lock of the whole directory begins before this range.
        value = found >= Offset(mark) ? (uint)(found - Offset(mark)) : 0;
        return error;
    }

    /// <summary>
    /// True if this process has set a mark, as /proc/PID/fdinfo shows. The id in a mark may count in another process namespace, or be a
    /// lie.
    /// </summary>
    public bool IsSetBy(uint process, HoldMark mark, uint value)
    {
        const string self = "self";
        // Its line shows the kernel's words for this directory.
        Errno error = Set(HoldMark.Looking, 0);
        string? ours = error == Errno.None ? FindLine(self, $"/{_directory.Number}", $" {Offset(HoldMark.Looking)}") : null;
        Clear(HoldMark.Looking, 0);
        if (ours is null)
            return false;
        string end = string.Create(CultureInfo.InvariantCulture, $"{Offset(mark) + value}");
        return FindLine(process.ToString(CultureInfo.InvariantCulture), "", $" {InoField(ours)} {end} {end}") is not null;
    }

    /// <summary>Drops all marks.</summary>
    public void Dispose()
    {
        Sys.Close(_directory);
        if (_tree.IsOpen)
            Sys.Close(_tree);
    }

    /// <summary>Device and inode number in "lock: 1: OFDLCK ADVISORY READ -1 08:01:131 START END".</summary>
    private static string InoField(string line) => line.Split(' ')[^3];

    private static string? FindLine(string process, string file, string end)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{process}/fdinfo")
                .Where(path => path.EndsWith(file, StringComparison.Ordinal))
                .SelectMany(LinesOf)
                .FirstOrDefault(line => line.StartsWith("lock:", StringComparison.Ordinal) && line.EndsWith(end, StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process has ended, or this user may not read it.
            return null;
        }
    }

    /// <summary>Reads the lines of one descriptor. Empty if it was closed meanwhile.</summary>
    private static string[] LinesOf(string path)
    {
        _ = TextFile.ReadLines(path, out string[] lines);
        return lines;
    }

    private static long Offset(HoldMark mark) => (long)mark << Spread;
}
