namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// Which implementation is compared with the kernel: OVERLAYFUSE_PROGRAM, by default the published program of this repository.
/// </summary>
internal static class ProgramUnderTest
{
    /// <summary>With this value of OVERLAYFUSE_PROGRAM both sides are the kernel: every comparison must then come out equal.</summary>
    public const string KernelItself = "kernel";

    public static string Repository { get; } = FindRepository();

    public static string Path { get; } = Environment.GetEnvironmentVariable("OVERLAYFUSE_PROGRAM") is { Length: > 0 } program
        ? program
        : System.IO.Path.Combine(Repository, "artifacts", "bin", "overlayfuse");

    public static OverlayMount Mount(OverlayOptions options, string mountpoint) => Mount(Path, options, mountpoint);

    public static OverlayMount Mount(string program, OverlayOptions options, string mountpoint) =>
        program == KernelItself ? KernelOverlay.Mount(options, mountpoint) : FuseOverlay.Mount(program, options, mountpoint);

    private static string FindRepository()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "OverlayFuse.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException($"no OverlayFuse.sln above {AppContext.BaseDirectory}");
    }
}
