using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>A directory that was named for the mount, opened: where it really is, whatever bind mounts and links led to it.</summary>
public sealed class LayerPlace : IDisposable
{
    private readonly string _device;

    /// <summary>With a '/' behind it: so of two paths the one that begins the other is its ancestor, or the same.</summary>
    private readonly string _pathInFileSystem;

    private LayerPlace(string label, string path, Fd fd, MountTable mounts)
    {
        Label = label;
        Path = path;
        Fd = fd;
        RealPath = ReadRealPath(fd);
        MountId = ReadMountId(fd);
        Mount = mounts.Find(MountId);
        (_device, _pathInFileSystem) = FindInFileSystem();
    }

    /// <summary>The option that named it: "upperdir".</summary>
    public string Label { get; }

    /// <summary>As it was named.</summary>
    public string Path { get; }

    /// <summary>The directory, open for reading; valid until <see cref="Dispose"/>.</summary>
    public Fd Fd { get; }

    /// <summary>Its path in our namespace, without symbolic links.</summary>
    public string RealPath { get; }

    /// <summary>The mount that it was reached through.</summary>
    public int MountId { get; }

    /// <summary>That mount, null when /proc/self/mountinfo does not list it.</summary>
    public MountEntry? Mount { get; }

    /// <summary>"lowerdir=/a" for texts.</summary>
    public override string ToString() => $"{Label}={Path}";

    /// <summary>Opens a directory.</summary>
    /// <param name="label">The option that names it.</param>
    /// <param name="path">An absolute path; symbolic links are followed, as mount(8) does.</param>
    /// <param name="mounts">The mounts of now.</param>
    /// <exception cref="MountRefusedException">It is missing, not a directory, or may not be opened.</exception>
    public static LayerPlace Open(string label, string path, MountTable mounts)
    {
        const OpenFlags flags = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NonBlock;
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), flags, out Fd fd);
        return error == Errno.None
            ? new LayerPlace(label, path, fd, mounts)
            : throw new MountRefusedException($"{label}={path}: {Explain(error, path)}");
    }

    /// <summary>Whether both are the same directory, or this one is an ancestor of the other: within one file system.</summary>
    /// <param name="other">The other directory.</param>
    public bool Contains(LayerPlace other) =>
        _device == other._device && other._pathInFileSystem.StartsWith(_pathInFileSystem, StringComparison.Ordinal);

    /// <summary>Closes the descriptor.</summary>
    public void Dispose() => Sys.Close(Fd);

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
        Errno.ENOTCONN => $"a FUSE mount whose daemon is gone is in the way; run 'umount {path}' or 'fusermount3 -u {path}'",
        _ => $"cannot be opened ({error}); name a directory that can be read",
    };

    private static string ReadRealPath(Fd fd)
    {
        Errno error = TextFile.PathOf(fd, out string path);
        return error == Errno.None ? path : throw new MountRefusedException($"/proc/self/fd: cannot be read ({error}); mount /proc where the daemon runs");
    }

    /// <summary>Of statx(2), which tells it from 5.8 on, or /proc/self/fdinfo.</summary>
    private static int ReadMountId(Fd fd)
    {
        if (Sys.FStatx(fd, out Statx stat, StatxMask.MountId) == Errno.None && (stat.Mask & StatxMask.MountId) != 0)
            return (int)stat.MountId;
        Errno error = TextFile.ReadLines(Proc.PathOf(string.Create(CultureInfo.InvariantCulture, $"self/fdinfo/{fd.Number}")), out string[] lines);
        string? line = lines.FirstOrDefault(line => line.StartsWith("mnt_id:", StringComparison.Ordinal));
        return line is not null ? int.Parse(line["mnt_id:".Length..], CultureInfo.InvariantCulture)
            : throw new MountRefusedException($"/proc/self/fdinfo: cannot be read ({error}); mount /proc where the daemon runs");
    }
}
