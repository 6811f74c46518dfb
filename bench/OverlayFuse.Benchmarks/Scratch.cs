using System.Collections.Concurrent;

namespace OverlayFuse.Benchmarks;

/// <summary>A directory of its own on a disk (DISK, or /var/tmp), removed at the end.</summary>
internal sealed class Scratch : IDisposable
{
    private static readonly ConcurrentDictionary<Scratch, bool> s_left = new();

    /// <param name="parent">Where; null: the usual disk.</param>
    public Scratch(string? parent = null)
    {
        string disk = parent ?? (Environment.GetEnvironmentVariable("DISK") is { Length: > 0 } chosen ? chosen : "/var/tmp");
        Root = Path.Combine(disk, "ovf-bench-" + Guid.NewGuid().ToString("N")[..12]);
        Directory.CreateDirectory(Root);
        s_left[this] = true;
    }

    public static string Repository { get; } = FindRepository();

    public string Root { get; }

    /// <summary>Of benchmarks that failed before they could clean up.</summary>
    public static void DisposeLeft()
    {
        foreach (Scratch scratch in s_left.Keys)
            scratch.Dispose();
    }

    public string MakeDirectory(string path) => Directory.CreateDirectory(Path.Combine(Root, path)).FullName;

    public void Dispose()
    {
        s_left.TryRemove(this, out _);
        if (Directory.Exists(Root))
            Directory.Delete(Root, recursive: true);
    }

    private static string FindRepository()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "OverlayFuse.sln")))
            directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException($"no OverlayFuse.sln above {AppContext.BaseDirectory}");
    }
}
