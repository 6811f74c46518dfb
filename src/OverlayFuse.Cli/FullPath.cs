using OverlayFuse.Linux;

namespace OverlayFuse.Cli;

/// <summary>Absolute paths of what the user named, with all their bytes: .NET's own working directory has lost those that are no UTF-8.</summary>
internal static class FullPath
{
    /// <summary>".." stays for the kernel to resolve: it means something else behind a symbolic link.</summary>
    /// <exception cref="IOException">The working directory is gone.</exception>
    public static string Of(string path) => Path.IsPathRooted(path) ? path : Path.Combine(WorkingDirectory, path);

    /// <summary>Without "." and "..", which are taken off the text, and without a slash at the end: for what is yet to be made.</summary>
    /// <exception cref="IOException">The working directory is gone.</exception>
    public static string Plain(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(Of(path)));

    /// <summary>Without symbolic links. A mount there is not asked: its daemon may be gone.</summary>
    /// <exception cref="IOException">The directory cannot be opened, or there is no /proc.</exception>
    public static string Real(string directory)
    {
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(directory), OpenFlags.Path | OpenFlags.Directory, out Fd opened);
        if (error != Errno.None)
            throw new IOException($"{directory}: cannot be looked at ({error}); name the mountpoint of a live overlayfuse mount");
        using var owner = new ScopedFd(opened);
        error = TextFile.PathOf(opened, out string path);
        return error == Errno.None ? path : throw new IOException($"/proc: cannot be read ({error}); mount it");
    }

    /// <summary>getcwd(2).</summary>
    /// <exception cref="IOException">It is gone.</exception>
    public static string WorkingDirectory
    {
        get
        {
            Errno error = Sys.GetWorkingDirectory(out string path);
            return error == Errno.None ? path : throw new IOException($"the working directory: {error}; it was removed, go to another one");
        }
    }
}
