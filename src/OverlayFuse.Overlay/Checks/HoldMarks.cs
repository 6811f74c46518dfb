using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>What a daemon tells others by a mark on a directory.</summary>
internal enum HoldMark
{
    /// <summary>The directory is taken; the value is the daemon's process id.</summary>
    Holder = 1,

    /// <summary>It is mounted; the value is the device number of the mount.</summary>
    Device = 2,

    /// <summary>The mount is gone and the daemon finishes its work; no value.</summary>
    Ending = 3,

    /// <summary>Somebody looks at the marks; it says nothing to others.</summary>
    Looking = 4,
}

/// <summary>
/// Our marks on an upper or a work directory: bytes of the directory, locked for reading by fcntl(2). Each kind of mark has a range of its own, and the place
/// within it is the value. Nothing is written to the disk, the locks go with the process, and they do not meet the flock(2) of anybody. Locks for reading
/// refuse nobody, so a daemon marks first and looks for others then; of two that do so at once each sees the other, or one of them does.
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
    /// Opens the directory once more, for the locks live as long as this descriptor: through a clone of its mount where the daemon may make one, so that the disk
    /// can be unmounted.
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

    /// <summary>Takes a mark back.</summary>
    public void Clear(HoldMark mark, uint value) => _ = Sys.UnlockByte(_directory, Offset(mark) + value); // it goes with the descriptor at the latest

    /// <summary>Whether another daemon has set a mark of this kind.</summary>
    public Errno Find(HoldMark mark, out bool isSet, out uint value)
    {
        Errno error = Sys.FindLock(_directory, Offset(mark), 1L << Spread, out long found);
        isSet = found >= 0;
        value = found >= Offset(mark) ? (uint)(found - Offset(mark)) : 0; // somebody's lock of the whole directory begins before
        return error;
    }

    /// <summary>Whether a process has set a mark: its id may be one of another process namespace, or a lie. Read from /proc/PID/fdinfo.</summary>
    public bool IsSetBy(uint process, HoldMark mark, uint value)
    {
        const string self = "self";
        Errno error = Set(HoldMark.Looking, 0); // shows how the kernel calls this directory in such lines
        string? ours = error == Errno.None ? FindLine(self, $"/{_directory.Number}", $" {Offset(HoldMark.Looking)}") : null;
        Clear(HoldMark.Looking, 0);
        if (ours is null)
            return false;
        string end = string.Create(CultureInfo.InvariantCulture, $"{Offset(mark) + value}");
        return FindLine(process.ToString(CultureInfo.InvariantCulture), "", $" {Inode(ours)} {end} {end}") is not null;
    }

    /// <summary>Lets go.</summary>
    public void Dispose()
    {
        Sys.Close(_directory);
        if (_tree.IsOpen)
            Sys.Close(_tree);
    }

    /// <summary>"lock: 1: OFDLCK ADVISORY READ -1 08:01:131 START END": device and inode number.</summary>
    private static string Inode(string line) => line.Split(' ')[^3];

    private static string? FindLine(string process, string file, string end)
    {
        try
        {
            return Directory.EnumerateFiles($"/proc/{process}/fdinfo").Where(path => path.EndsWith(file, StringComparison.Ordinal)).SelectMany(LinesOf)
                .FirstOrDefault(line => line.StartsWith("lock:", StringComparison.Ordinal) && line.EndsWith(end, StringComparison.Ordinal));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // it has ended, or is not ours to look at
        }
    }

    /// <summary>None of a descriptor that was closed meanwhile.</summary>
    private static string[] LinesOf(string path)
    {
        _ = TextFile.ReadLines(path, out string[] lines);
        return lines;
    }

    private static long Offset(HoldMark mark) => (long)mark << Spread;
}
