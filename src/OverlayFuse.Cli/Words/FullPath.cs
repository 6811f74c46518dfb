using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Words;

/// <summary>
/// Absolute paths of what the user named, with all their bytes. .NET's own working directory has lost those that are not UTF-8.
/// </summary>
internal static class FullPath
{
    /// <summary>Leaves ".." for the kernel to resolve: behind a symbolic link it means something else.</summary>
    /// <exception cref="IOException">The working directory is gone.</exception>
    public static string Of(string path) => Path.IsPathRooted(path) ? path : Path.Combine(WorkingDirectory, path);

    /// <summary>The same for many; the working directory is asked for at most once.</summary>
    /// <exception cref="IOException">The working directory is gone.</exception>
    public static string[] OfAll(IEnumerable<string> paths)
    {
        string? directory = null;
        return [.. paths.Select(path => Path.IsPathRooted(path) ? path : Path.Combine(directory ??= WorkingDirectory, path))];
    }

    /// <summary>Takes "." and ".." off the text, and a slash at the end: for a directory that does not exist yet.</summary>
    /// <exception cref="IOException">The working directory is gone.</exception>
    public static string Plain(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(Of(path)));

    /// <summary>getcwd(2).</summary>
    /// <exception cref="IOException">The working directory is gone.</exception>
    public static string WorkingDirectory
    {
        get
        {
            Errno error = Sys.GetWorkingDirectory(out string path);
            return error == Errno.None ? path : throw new IOException($"the working directory: {error}; it was removed, go to another one");
        }
    }
}
