using System.Globalization;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>An open directory of the mount's options. It knows its real place, behind bind mounts and links.</summary>
public sealed class LayerPlace : IDisposable
{
    private readonly string _device;

    /// <summary>Ends with '/', so a path that begins another is that of an ancestor or of the same directory.</summary>
    private readonly string _pathInFileSystem;

    private LayerPlace(string label, string path, Fd fd, MountTable mounts)
    {
        Label = label;
        Path = path;
        Fd = fd;
        RealPath = ReadRealPath(fd);
        MountId = ReadMountId(fd, out Statx stat);
        Site = new LayerSite(RealPath, (ulong)MountId, stat.Dev, stat.Ino);
        Mount = mounts.Find(MountId);
        (_device, _pathInFileSystem) = FindInFileSystem();
    }

    /// <summary>The option that named it: "upperdir".</summary>
    public string Label { get; }

    /// <summary>The path as it was named.</summary>
    public string Path { get; }

    /// <summary>The directory, open for reading. Valid until <see cref="Dispose"/>.</summary>
    public Fd Fd { get; }

    /// <summary>The path in our mount namespace, without symbolic links.</summary>
    public string RealPath { get; }

    /// <summary>The id of the mount that the path leads through.</summary>
    public int MountId { get; }

    /// <summary>What the mount needs to open it again.</summary>
    public LayerSite Site { get; }

    /// <summary>That mount. Null if /proc/self/mountinfo does not list it.</summary>
    public MountEntry? Mount { get; }

    /// <summary>"lowerdir=/a" for texts.</summary>
    public override string ToString() => $"{Label}={Path}";

    /// <summary>Opens a directory.</summary>
    /// <param name="label">The option that names it.</param>
    /// <param name="path">An absolute path. Symbolic links are followed, as mount(8) does.</param>
    /// <param name="mounts">The current mounts.</param>
    /// <exception cref="MountRefusedException">It is missing, not a directory, or may not be opened.</exception>
    public static LayerPlace Open(string label, string path, MountTable mounts)
    {
        const OpenFlags flags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NonBlock;
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), flags, out Fd fd);
        return error == Errno.None
            ? new LayerPlace(label, path, fd, mounts)
            : throw new MountRefusedException($"{label}={path}: {Explain(error, path)}");
    }

    /// <summary>True if both are the same directory, or this one is an ancestor of the other, in one file system.</summary>
    public bool Contains(LayerPlace other) =>
        _device == other._device && other._pathInFileSystem.StartsWith(_pathInFileSystem, StringComparison.Ordinal);

    /// <summary>
    /// True if one of them contains another. Sorted by path, a directory is followed by what it contains, so neighbours tell.
    /// </summary>
    public static bool HaveOverlap(IReadOnlyList<LayerPlace> places)
    {
        LayerPlace[] sorted = [.. places];
        Array.Sort(sorted, Compare);
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i - 1].Contains(sorted[i]))
                return true;
        }
        return false;
    }

    /// <summary>Closes the descriptor.</summary>
    public void Dispose() => Sys.Close(Fd);

    private static int Compare(LayerPlace one, LayerPlace other) =>
        string.CompareOrdinal(one._device, other._device) is var order and not 0
            ? order : string.CompareOrdinal(one._pathInFileSystem, other._pathInFileSystem);

    private (string Device, string Path) FindInFileSystem()
    {
        if (Mount is null)
            return ("", RealPath == "/" ? "/" : RealPath + "/");
        string below = Mount.MountPoint == "/" ? RealPath : RealPath[Math.Min(Mount.MountPoint.Length, RealPath.Length)..];
        string path = (Mount.Root == "/" ? "" : Mount.Root) + (below == "/" ? "" : below);
        return (Mount.Device, path + "/");
    }

    private static string Explain(Errno error, string path) => error switch
    {
        Errno.ENOENT => "does not exist; create it or correct the path",
        Errno.ENOTDIR => "is not a directory; name a directory",
        Errno.EACCES or Errno.EPERM => "permission denied; make it readable for the mounting user",
        Errno.ELOOP => "too many symbolic links; name the directory itself",
        Errno.ENAMETOOLONG => "the path is too long; name it relative to the working directory, or through a symbolic link",
        _ when FuseMount.IsWithoutDaemon(error) =>
            $"a FUSE mount whose daemon is gone is in the way; run 'umount {path}' or 'fusermount3 -u {path}'",
        _ => $"cannot be opened ({error}); name a directory that can be read",
    };

    private static string ReadRealPath(Fd fd)
    {
        Errno error = TextFile.PathOf(fd, out string path);
        return error == Errno.None ? path
            : throw new MountRefusedException($"/proc/self/fd: cannot be read ({error}); mount /proc where the daemon runs");
    }

    /// <summary>Reads the mount's id from statx(2), or from /proc/self/fdinfo before Linux 5.8.</summary>
    private static int ReadMountId(Fd fd, out Statx stat)
    {
        if (Sys.FStatx(fd, out stat, StatxMask.MountId | StatxMask.Ino) == Errno.None && (stat.Mask & StatxMask.MountId) != 0)
            return (int)stat.MountId;
        string path = Proc.PathOf(string.Create(CultureInfo.InvariantCulture, $"self/fdinfo/{fd.Number}"));
        Errno error = TextFile.ReadLines(path, out string[] lines);
        string? line = lines.FirstOrDefault(line => line.StartsWith("mnt_id:", StringComparison.Ordinal));
        return line is not null ? int.Parse(line["mnt_id:".Length..], CultureInfo.InvariantCulture)
            : throw new MountRefusedException($"/proc/self/fdinfo: cannot be read ({error}); mount /proc where the daemon runs");
    }
}
