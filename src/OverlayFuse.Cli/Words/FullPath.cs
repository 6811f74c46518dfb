using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Words;

/// <summary>Absolute paths of what the user named, with all their bytes: .NET's own working directory has lost those that are no UTF-8.</summary>
internal static class FullPath
{
    /// <summary>".." stays for the kernel to resolve: it means something else behind a symbolic link.</summary>
    /// <exception cref="IOException">The working directory is gone.</exception>
    public static string Of(string path) => Path.IsPathRooted(path) ? path : Path.Combine(WorkingDirectory, path);

    /// <summary>Without "." and "..", which are taken off the text, and without a slash at the end: for what is yet to be made.</summary>
    /// <exception cref="IOException">The working directory is gone.</exception>
    public static string Plain(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(Of(path)));

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
