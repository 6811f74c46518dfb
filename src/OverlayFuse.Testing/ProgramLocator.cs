using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace OverlayFuse.Testing;

/// <summary>Finds the program <c>overlayfuse</c>.</summary>
[SupportedOSPlatform("linux")]
internal static class ProgramLocator
{
    /// <summary>The name of the program in PATH.</summary>
    public const string Name = "overlayfuse";

    /// <summary>The environment variable that names a program.</summary>
    public const string Variable = "OVERLAYFUSE";

    /// <summary>The program that the caller names, or the first one that exists.</summary>
    /// <param name="asked">Null: search for it.</param>
    /// <exception cref="OverlayMountException">The program does not exist. The text says where the search was.</exception>
    public static string Find(string? asked) =>
        Find(asked, Environment.GetEnvironmentVariable(Variable), AppContext.BaseDirectory, Environment.GetEnvironmentVariable("PATH"));

    internal static string Find(string? asked, string? variable, string besideUs, string? searchPath)
    {
        if (asked is not null)
            return Existing($"{nameof(OverlayMountOptions)}.{nameof(OverlayMountOptions.Program)}", asked);
        if (!string.IsNullOrEmpty(variable))
            return Existing(Variable, variable);
        // A project with a RuntimeIdentifier has a package's native files beside its own.
        string[] ours = RuntimeInformation.OSArchitecture == Architecture.X64
            ? [Path.Combine(besideUs, "runtimes", "linux-x64", "native", Name), Path.Combine(besideUs, Name)] : [];
        if (ours.FirstOrDefault(File.Exists) is { } found)
            return Executable(found);
        string[] directories = (searchPath ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return directories.Select(directory => Path.Combine(directory, Name)).FirstOrDefault(File.Exists)
            ?? throw new OverlayMountException(
                $"the program {Name} was not found: the variable {Variable} is not set, there is no {string.Join(" and no ", ours)}, and "
                    + $"none in PATH ({searchPath}); " +
                $"install it (make install), or name it by {Variable} "
                + $"or {nameof(OverlayMountOptions)}.{nameof(OverlayMountOptions.Program)}");
    }

    private static string Existing(string label, string path) =>
        File.Exists(path) ? Path.GetFullPath(path)
            : throw new OverlayMountException($"{label}={path}: does not exist; "
                + $"name the program {Name}, or leave it out to have it searched for");

    /// <summary>Makes a file executable: the files of packages are unpacked without that right.</summary>
    private static string Executable(string path)
    {
        const UnixFileMode execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        UnixFileMode mode = File.GetUnixFileMode(path);
        if ((mode & execute) != 0)
            return path;
        try
        {
            File.SetUnixFileMode(path, mode | execute);
            return path;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new OverlayMountException($"{path}: cannot be executed, and its mode cannot be changed: {e.Message}; as its owner: "
                + $"chmod +x {path}", e);
        }
    }
}
