using OverlayFuse.Linux;

namespace OverlayFuse.Tools.Snapshotter.Disk;

/// <summary>Waits until the disk has what was written.</summary>
internal static class Durable
{
    /// <summary>The entries of a directory.</summary>
    public static Errno SyncDirectory(string path) => WithDirectory(path, fd => Sys.FSync(fd));

    /// <summary>Everything on the file system of a directory.</summary>
    public static Errno SyncFileSystem(string path) => WithDirectory(path, Sys.SyncFs);

    private static Errno WithDirectory(string path, Func<Fd, Errno> sync)
    {
        Errno error;
        const OpenFlags flags = OpenFlags.ReadOnly | OpenFlags.Directory;
        if ((error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), flags, out Fd opened)) != Errno.None)
            return error;
        using var directory = new ScopedFd(opened);
        return sync(directory);
    }
}
