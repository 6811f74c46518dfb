using System.Globalization;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle.Fuzz;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>
/// `overlayfuse changes` of random layers and of what random commands have made of them: the list is the difference between what the
/// kernel's overlayfs shows with the upper and without it.
/// </summary>
internal sealed class ChangesOracleTests
{
    private const int Stacks = 60, MostLowers = 4, Commands = 14;

    /// <summary>
    /// A line for each entry, its fields with tabs: path, what is compared of directories, and what else is of other files. No times of
    /// copies of data.
    /// </summary>
    private const string Show = """
        cd "$1"; find . -mindepth 1 \( -type d -printf '%P\t%y %m %U %G\n' -o -printf '%P\t%y %m %U %G %s %T@ %l\n' \) | sort > "$2"
        find . -mindepth 1 -type f -exec md5sum {} + | sed 's/^\([^ ]*\)  .\/\(.*\)/\2\t\1/' | sort >> "$2"
        getfattr -R -h -d -m - -e hex . 2>/dev/null | awk '/^# file: /{f=substr($0,9)} /=/{print f "\t" $0}' \
            | grep -v '^\.	' | grep -v 'trusted.overlay' | sort >> "$2" || true
        """;

    [Test]
    public void Changes_RandomStacks_AreTheDifferenceThatTheKernelShows()
    {
        var wrong = new List<string>();
        int changes = 0;
        for (int seed = 1; seed <= Stacks; seed++)
        {
            (string[] listed, string[] expected, string script) = Compare(seed);
            changes += expected.Length;
            if (!listed.SequenceEqual(expected))
                wrong.Add($"seed {seed}: only listed: {string.Join(", ", listed.Except(expected))}; "
                    + $"missing: {string.Join(", ", expected.Except(listed))}\n{script}");
        }
        Assert.That(wrong, Is.Empty, () => string.Join('\n', wrong));
        Assert.That(changes, Is.GreaterThan(2 * Stacks), "the stacks do change something");
    }

    private static (string[] Listed, string[] Expected, string Script) Compare(int seed)
    {
        using var sandbox = Sandbox.InMemory();
        var random = new Random(seed);
        var generator = new LayerGenerator(random, isUserXattr: false);
        string[] lowers = [.. Enumerable.Range(1, random.Next(1, MostLowers)).Select(number => sandbox.PathOf($"l{number}"))];
        foreach (string lower in lowers) LayerBuilder.Build(generator.Lower(isOneOfMany: false), lower);
        LayerBuilder.Build(generator.Upper(), sandbox.PathOf("u"));
        foreach (string name in new[] { "w", "m", "empty" }) sandbox.MakeDirectory(name);
        string script = string.Join('\n', Enumerable.Range(0, Commands).Select(_ => $"{Command(random)} 2>/dev/null || true"));
        File.WriteAllText(sandbox.PathOf("show"), Show);
        string lowerdir = string.Join(':', lowers), stack = $"lowerdir={lowerdir},upperdir=u,workdir=w";

        Bash.Run($"""
            mount -t overlay -o {stack},metacopy=on,redirect_dir=on o m; cd m
            {script}
            cd ..; umount m
            mount -t overlay -o lowerdir={lowerdir}:empty,metacopy=on o m; bash show m $PWD/before; umount m
            mount -t overlay -o {stack},metacopy=on,redirect_dir=on o m; bash show m $PWD/after; umount m
            """, sandbox.Root);
        string listed = Bash.Run($"""
            '{Overlayfuse.Path}' -o {stack},metacopy=on,redirect_dir=on m; '{Overlayfuse.Path}' changes m > listed || echo FAILED >> listed
            '{Overlayfuse.Path}' unmount m; cat listed
            """, sandbox.Root);
        return (listed.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Difference(Read(sandbox.PathOf("before")), Read(sandbox.PathOf("after"))), script);
    }

    private static string Command(Random random)
    {
        string one = Names.Path(random), other = Names.Path(random), letter = Names.Letter(random);
        return random.Next(10) switch
        {
            < 3 => $"mv -T {one} {other}",
            3 => $"rm -rf {one}",
            4 => string.Create(CultureInfo.InvariantCulture, $"chmod {random.Next(600, 604)} {one}"),
            5 => $"[ -f {one} ] && echo {letter} >> {one}",
            6 => $"mkdir {one}",
            7 => $"ln -s {other} {one}",
            8 => $"[ -f {one} ] && chown 1000 {one}",
            _ => $"cp -a {one} {other}",
        };
    }

    private static SortedDictionary<string, string> Read(string file)
    {
        var entries = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(file))
        {
            string[] fields = line.Split('\t', 2);
            entries[fields[0]] = entries.GetValueOrDefault(fields[0], "") + "|" + fields[1];
        }
        return entries;
    }

    /// <summary>What is deleted, or became another thing than a directory, is one change.</summary>
    private static string[] Difference(SortedDictionary<string, string> before, SortedDictionary<string, string> after)
    {
        var lines = new List<string>();
        foreach (string path in before.Keys.Union(after.Keys).Order(StringComparer.Ordinal))
        {
            if (!after.TryGetValue(path, out string? now))
            {
                string parent = path.Contains('/') ? path[..path.LastIndexOf('/')] : "";
                if (parent.Length == 0 || after.GetValueOrDefault(parent, "").StartsWith("|d", StringComparison.Ordinal))
                    lines.Add("D " + path);
            }
            else if (!before.TryGetValue(path, out string? then)) lines.Add("A " + path);
            else if (then != now) lines.Add("M " + path);
        }
        return [.. lines];
    }
}
