using OverlayFuse.Linux;
using OverlayFuse.Tools.Snapshotter.Model;

namespace OverlayFuse.Tools.Snapshotter.Disk;

/// <summary>
/// What a tree takes: 512-byte blocks and inodes, files with several links once. Containers choose its depth, so the walk has one open
/// directory and goes up again by "..".
/// </summary>
internal sealed class DiskUsage
{
    private const OpenFlags DirectoryFlags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow;
    private const int BlockSize = 512, Tries = 3;

    private readonly HashSet<(ulong Dev, ulong Ino)> _linked = [];
    private readonly Stack<Level> _levels = new();
    private readonly byte[] _records = new byte[32 * 1024];

    private DiskUsage()
    {
    }

    public long Bytes { get; private set; }

    public long Inodes { get; private set; }

    /// <summary>Measures a tree. A container may change it meanwhile: what has gone does not count.</summary>
    public static DiskUsage Of(string path)
    {
        var usage = new DiskUsage();
        Errno error = usage.Walk(path);
        // A directory was moved under the walk.
        for (int tries = 1; error == Errno.ESTALE && tries < Tries; tries++)
            error = (usage = new DiskUsage()).Walk(path);
        Refusal.Unless(error, path);
        return usage;
    }

    private Errno Walk(string path)
    {
        Errno error;
        if ((error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), DirectoryFlags, out Fd here)) != Errno.None)
            return error;
        error = Enter(here);
        while (error == Errno.None && _levels.TryPeek(out Level level))
        {
            bool goesDown = level.Directories.TryDequeue(out byte[]? next);
            if (!goesDown)
                _ = _levels.Pop();
            if (!goesDown && _levels.Count == 0)
                break;
            Fd there = Fd.None;
            error = goesDown ? Descend(here, next, out there) : Ascend(here, out there);
            if (there.IsOpen)
            {
                Sys.Close(here);
                here = there;
            }
        }
        Sys.Close(here);
        return error;
    }

    /// <summary>Nothing is open if the directory has gone.</summary>
    private Errno Descend(Fd here, byte[]? name, out Fd there)
    {
        Errno error = Sys.OpenAt(here, new Name(name), DirectoryFlags, out there);
        if (error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
            return Errno.None;
        return error == Errno.None ? Enter(there) : error;
    }

    private Errno Ascend(Fd here, out Fd there)
    {
        Errno error;
        if ((error = Sys.OpenAt(here, new Name("..\0"u8), DirectoryFlags, out there)) != Errno.None)
            return error;
        if ((error = Sys.FStatx(there, out Statx stat)) != Errno.None)
            return error;
        return (stat.Dev, stat.Ino) == _levels.Peek().Identity ? Errno.None : Errno.ESTALE;
    }

    /// <summary>Counts a directory and its files, and notes the directories in it.</summary>
    private Errno Enter(Fd directory)
    {
        Errno error;
        if ((error = Sys.FStatx(directory, out Statx own)) != Errno.None)
            return error;
        Count(own);
        var level = new Level((own.Dev, own.Ino), new Queue<byte[]>());
        _levels.Push(level);
        while ((error = Sys.GetDents(directory, _records, out int length)) == Errno.None && length > 0)
        {
            var records = new DirectoryRecords(_records.AsSpan(0, length));
            while (error == Errno.None && records.MoveNext())
                error = Add(directory, records.Name, level.Directories);
            if (error != Errno.None)
                return error;
        }
        return error;
    }

    private Errno Add(Fd directory, Name name, Queue<byte[]> directories)
    {
        Errno error = Sys.StatxAt(directory, name, out Statx stat);
        if (error == Errno.ENOENT)
            return Errno.None;
        if (error != Errno.None)
            return error;
        if (stat.Type == FileType.Directory)
            directories.Enqueue(name.ToArray());
        else
            Count(stat);
        return Errno.None;
    }

    private void Count(in Statx stat)
    {
        bool isKnown = stat.Type != FileType.Directory && stat.Nlink > 1 && !_linked.Add((stat.Dev, stat.Ino));
        if (isKnown)
            return;
        Bytes += (long)stat.Blocks * BlockSize;
        Inodes++;
    }

    private readonly record struct Level((ulong Dev, ulong Ino) Identity, Queue<byte[]> Directories);
}
