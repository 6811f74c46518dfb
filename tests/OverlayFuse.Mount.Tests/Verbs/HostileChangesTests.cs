using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle.Hostile;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>
/// `overlayfuse changes` of layers with forged and broken marks: the names that it lists are those in which the mounts with and without the
/// upper differ. OVERLAYFUSE_FUZZ_SEEDS: how many, OVERLAYFUSE_FUZZ_START: the first.
/// </summary>
internal sealed class HostileChangesTests
{
    private const int SeedsInCi = 120;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Test, Category("Fuzz")]
    public void Changes_HostileLayers_AreTheDifferenceOfTheMounts()
    {
        using var media = new Media(Media.Memory);
        var wrong = new List<string>();
        int changes = 0, first = HostileTests.Setting("START", 1), seeds = HostileTests.Setting("SEEDS", SeedsInCi);
        for (int seed = first; seed < first + seeds; seed++)
        {
            HostileStack stack = new HostileGenerator(new Random(seed)).Make(seed);
            if (stack.Upper is null) continue;
            using Place place = media.NewPlace();
            string[] differences = [.. Compare(stack, place.On(""), ref changes)];
            if (differences.Length > 0) wrong.Add($"{stack}{string.Join('\n', differences)}\n");
        }
        Assert.That(wrong, Is.Empty, () => string.Join('\n', wrong));
        Assert.That(changes, Is.GreaterThan(seeds), "the stacks do change something");
    }

    private static IEnumerable<string> Compare(HostileStack stack, string place, ref int changes)
    {
        string[] lowers = [.. stack.Lowers.Select((layer, number) => Build(layer, $"{place}/l{number}"))];
        string[] data = [.. stack.Data.Select((layer, number) => Build(layer, $"{place}/d{number}"))];
        SortedDictionary<string, string> before = Look(new Layer(), "before", Names), after = [];
        string[] listed = Look(stack.Upper!, "after", mount =>
        {
            ToolResult result = Overlayfuse.Start(place, "changes", mount);
            after = Names(mount);
            return result.ExitCode == 0 ? result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries) : ["failed: " + result.Error];
        });
        string[] expected = [.. Difference(before, after)];
        changes += expected.Length;
        return [
            .. expected.Except(listed).Select(line => "missing: " + line),
            .. listed.Except(expected)
                .Where(line => !line.StartsWith("M ", StringComparison.Ordinal) || !before.ContainsKey(line[2..])
                    || !after.ContainsKey(line[2..])).Select(line => "too much: " + line),
        ];

        T Look<T>(Layer upper, string side, Func<string, T> look)
        {
            Directory.CreateDirectory($"{place}/{side}w");
            var options = new OverlayOptions(lowers, Build(upper, $"{place}/{side}u"), $"{place}/{side}w", stack.Options) { Data = data };
            using OverlayMount mount = ProgramUnderTest.Mount(ProgramUnderTest.Path, options, $"{place}/{side}m");
            if (mount is FuseOverlay fuse) fuse.AbortAfter(Patience);
            return look(mount.Mountpoint);
        }
    }

    private static string Build(Layer layer, string path)
    {
        LayerBuilder.Build(layer, path);
        return path;
    }

    /// <summary>Each name that is there, with its type, or with the error of a mark that cannot be followed.</summary>
    private static SortedDictionary<string, string> Names(string mount)
    {
        var names = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add("");
        return names;

        void Add(string path)
        {
            foreach (Dirent entry in DirectoryReader.Read($"{mount}/{path}"))
            {
                string name = path.Length == 0 ? entry.d_name : $"{path}/{entry.d_name}";
                bool isThere = Syscall.lstat($"{mount}/{name}", out Stat stat) == 0;
                if (!isThere && Stdlib.GetLastError() is var error and not Errno.ENOENT) names[name] = error.ToString();
                if (!isThere) continue;
                bool isDirectory = stat.st_mode.HasFlag(FilePermissions.S_IFDIR) && !stat.st_mode.HasFlag(FilePermissions.S_IFBLK);
                names[name] = isDirectory ? "d" : "-";
                if (isDirectory) Add(name);
            }
        }
    }

    /// <summary>What becomes another thing than a directory is one change.</summary>
    private static IEnumerable<string> Difference(SortedDictionary<string, string> before, SortedDictionary<string, string> after)
    {
        foreach (string path in before.Keys.Union(after.Keys))
        {
            string parent = path.Contains('/', StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : "";
            if (!after.TryGetValue(path, out string? now))
            {
                if (parent.Length == 0 || after.GetValueOrDefault(parent, "") == "d") yield return "D " + path;
            }
            else if (!before.TryGetValue(path, out string? then)) yield return "A " + path;
            else if (then != now) yield return "M " + path;
        }
    }
}
