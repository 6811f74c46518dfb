using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Doctor;

/// <summary>Files of the system that may be missing, and programs in PATH.</summary>
internal static class SystemFile
{
    /// <summary>The file of a sysctl(8): "kernel.x" is /proc/sys/kernel/x.</summary>
    public static string OfSetting(string name) => "/proc/sys/" + name.Replace('.', '/');

    /// <summary>The content of a file. Null if it is not there or may not be read.</summary>
    public static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The lines of a file without comments, and without blanks around them.</summary>
    public static IEnumerable<string> Lines(string path) =>
        (Read(path) ?? "").Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#');

    /// <summary>The first program of this name in PATH, as execvp(3) finds it; null if there is none.</summary>
    public static string? FindProgram(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, name)).FirstOrDefault(IsExecutable);

    /// <summary>
    /// True if a program gets root's rights for every user: set-uid, owned by root, and not on a file system mounted nosuid.
    /// </summary>
    /// <param name="program">Its path.</param>
    /// <param name="obstacle">Why it does not; empty if it does.</param>
    public static bool IsSetUidRoot(string program, out string obstacle)
    {
        const long ST_NOSUID = 2;
        const uint S_ISUID = 0x800;
        using ScopedFd file = Open(program);
        obstacle = "cannot be looked at";
        if (Sys.FStatx(file, out Statx stat) != Errno.None || Sys.FStatFs(file, out StatFs disk) != Errno.None)
            return false;
        obstacle = (stat.Mode & S_ISUID) == 0 ? "is not set-uid"
            : stat.Uid != 0 ? "does not belong to root"
            : (disk.Flags & ST_NOSUID) != 0 ? "is on a disk mounted nosuid" : "";
        return obstacle.Length == 0;
    }

    /// <summary>True if a program has file capabilities (setcap(8)).</summary>
    public static bool HasCapabilities(string program)
    {
        using ScopedFd file = Open(program);
        return Sys.GetXattrAt(file, Name.Empty, Name.From("security.capability"), default, out _) == Errno.None;
    }

    private static bool IsExecutable(string path)
    {
        const uint S_IXALL = 0x49;
        using ScopedFd file = Open(path);
        return Sys.FStatx(file, out Statx stat) == Errno.None && stat.Type == FileType.Regular && (stat.Mode & S_IXALL) != 0;
    }

    /// <summary>Opens a file. After a failure the later calls answer EBADF.</summary>
    private static ScopedFd Open(string path) =>
        new(Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path, out Fd file) == Errno.None ? file : Fd.None);
}
