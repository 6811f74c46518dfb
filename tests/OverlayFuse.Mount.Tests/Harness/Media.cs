using System.Globalization;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// File systems for layers, side by side: each is made when it is first asked for and lives as long as this. Images lie in memory.
/// </summary>
internal sealed class Media(string usual) : IDisposable
{
    public const string Memory = "tmpfs", ReadOnly = "erofs";
    private const int ImageMiB = 512;
    private readonly Sandbox sandbox = Sandbox.InMemory();
    private readonly Dictionary<string, string> roots = [];
    private int places;

    /// <summary>New directories of one name on all file systems.</summary>
    public Place NewPlace()
    {
        string name = Interlocked.Increment(ref places).ToString(CultureInfo.InvariantCulture);
        return new Place(fileSystem => $"{Root(fileSystem)}/{name}");
    }

    /// <summary>A file system's mountpoint; "" is the usual one.</summary>
    public string Root(string fileSystem)
    {
        if (fileSystem.Length == 0) fileSystem = usual;
        lock (roots)
        {
            if (!roots.TryGetValue(fileSystem, out string? root)) roots[fileSystem] = root = Make(fileSystem);
            return root;
        }
    }

    public void Dispose() => sandbox.Dispose();

    private string Make(string fileSystem) =>
        fileSystem is Memory or ReadOnly ? sandbox.Root : sandbox.MakeFileSystem(fileSystem, ImageMiB);
}

/// <summary>One test's directories, one on each file system that it asks for; Dispose removes them.</summary>
internal sealed class Place(Func<string, string> directoryOn) : IDisposable
{
    private readonly HashSet<string> used = [];
    private readonly List<string> frozen = [];

    /// <summary>The same directory whichever file system is asked for.</summary>
    public static Place At(string directory) => new(_ => directory);

    /// <summary>The directory on a file system; it may have to be made.</summary>
    public string On(string fileSystem)
    {
        string directory = directoryOn(fileSystem);
        used.Add(directory);
        return directory;
    }

    /// <summary>Puts an erofs of what is below <paramref name="directory"/> in its place.</summary>
    public void Freeze(string directory)
    {
        string image = directory + ".erofs";
        Tool.Run("mkfs.erofs", "--quiet", image, directory);
        Tool.Run("mount", "-t", Media.ReadOnly, "-o", "loop,noatime", image, directory);
        frozen.Add(directory);
    }

    public void Dispose()
    {
        foreach (string directory in frozen) _ = Libc.umount2(Libc.Bytes(directory), Libc.MNT_DETACH);
        foreach (string directory in used.Where(Directory.Exists)) Tool.Try("chattr", ["-R", "-f", "-ia", directory]); // rm cannot
        Tool.Run("rm", ["-rf", "--one-file-system", .. used]); // it knows how to remove names of any bytes
    }
}
