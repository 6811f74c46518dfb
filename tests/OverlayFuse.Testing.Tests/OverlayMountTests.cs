using OverlayFuse.Testing.Tests.Support;

namespace OverlayFuse.Testing.Tests;

/// <summary>What the test sees in its overlay, and what becomes of it.</summary>
internal sealed class OverlayMountTests : OverlayTest
{
    [Test]
    public async Task Create_OverADirectory_TakesChangesAndLeavesItAlone()
    {
        await using OverlayMount overlay = await OverlayMount.CreateAsync(Lower, Options);
        File.AppendAllText(Path.Combine(overlay.Path, "one"), "more\n");
        File.Delete(Path.Combine(overlay.Path, "two"));

        Assert.That(File.ReadAllText(Path.Combine(overlay.Path, "one")), Is.EqualTo("one\nmore\n"));
        Assert.That(File.ReadAllText(Path.Combine(Lower, "one")), Is.EqualTo("one\n"));
        Assert.That(overlay.Changes,
            Is.EqualTo(new[] { new OverlayChange(OverlayChangeKind.Modified, "one"),
                new OverlayChange(OverlayChangeKind.Deleted, "two") }));
        Assert.That(File.ReadAllText(Path.Combine(overlay.Upper, "one")), Is.EqualTo("one\nmore\n"));
    }

    [Test]
    public void Create_OverSeveral_TheFirstIsOnTop()
    {
        Bash("mkdir top; echo top > top/one");
        using OverlayMount overlay = OverlayMount.Create([Path.Combine(Root, "top"), Lower], Options);
        Assert.That((File.ReadAllText(Path.Combine(overlay.Path, "one")), File.ReadAllText(Path.Combine(overlay.Path, "two"))),
            Is.EqualTo(("top\n", "two\n")));
    }

    /// <summary>The same changes on a bare copy, found by git.</summary>
    [Test]
    public void Changes_OfEveryKind_AreThoseThatGitFinds()
    {
        const string change = """
            echo more >> one; rm two; chmod +x sub/three; rm -r gone; mkdir -p new/deeper; echo a > new/deeper/a; echo ä > 'new/ä b'
            rm link; ln -s two link; mv sub/deep moved; rm sub/three; mkdir sub/three; echo b > sub/three/b; echo same > same; rm same
            """;
        Bash($"cp -a lower bare; cd bare; {change}");
        string expected = Bash("git -c core.quotePath=off diff --no-index --no-renames --name-status lower bare | "
            + "sed 's,\\t\\(lower\\|bare\\)/, ,' || true");
        using OverlayMount overlay = OverlayMount.Create(Lower, Options);
        Bash(change, overlay.Path);

        IEnumerable<string> found = overlay.Changes.SelectMany(Files).Order(StringComparer.Ordinal);

        IEnumerable<string> Files(OverlayChange change) => change.Kind == OverlayChangeKind.Deleted
            ? FilesBelow(Lower, change.Path).Select(path => "D " + path)
            : Directory.Exists(Path.Combine(overlay.Path, change.Path)) && !Directory.Exists(Path.Combine(Lower, change.Path))
                && change.Kind == OverlayChangeKind.Modified
                ? ["D " + change.Path] // a file became a directory: what is in it follows
                : FilesBelow(overlay.Path, change.Path).Where(path => path == change.Path).Select(path => $"{change}");
        Assert.That(found,
            Is.EqualTo(expected.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => line.Replace("T ", "M ", StringComparison.Ordinal)).Order(StringComparer.Ordinal)));
    }

    [Test]
    public void Changes_WithAwkwardNames_HaveThemAsTheyAre()
    {
        string[] names = ["a\nb", "back\\slash", "\\012", " ", "ä€😀", "tab\t"];
        using OverlayMount overlay = OverlayMount.Create(Lower, Options);
        foreach (string name in names)
            File.WriteAllText(Path.Combine(overlay.Path, name), "");
        Assert.That(overlay.Changes.Select(change => change.Path), Is.EquivalentTo(names));
    }

    /// <summary>The program begins the copy of a large file, and goes on; until then it is not in the upper.</summary>
    [Test]
    public void Changes_OfALargeFileJustTouched_HaveIt()
    {
        Bash("mkdir large; head -c 64M /dev/zero | tr '\\0' x > large/big");
        using OverlayMount overlay = OverlayMount.Create(Path.Combine(Root, "large"),
            Options with { MountOptions = ["copyup=incremental"] });
        using (FileStream big = File.OpenWrite(Path.Combine(overlay.Path, "big")))
            big.WriteByte((byte)'y');
        Assert.That(overlay.Changes, Is.EqualTo(new[] { new OverlayChange(OverlayChangeKind.Modified, "big") }));
        Assert.That(new FileInfo(Path.Combine(overlay.Upper, "big")).Length, Is.EqualTo(64 << 20));
    }

    [Test]
    public void Reset_AfterChanges_ShowsTheLowerAtTheSamePath()
    {
        using OverlayMount overlay = OverlayMount.Create(Lower, Options);
        string path = overlay.Path;
        using FileStream open = File.Create(Path.Combine(path, "new"), bufferSize: 0);
        Directory.Delete(Path.Combine(path, "gone"), recursive: true);

        overlay.Reset();

        Assert.That(overlay.Path, Is.EqualTo(path));
        Assert.That(overlay.Changes, Is.Empty);
        Assert.That(Directory.GetFileSystemEntries(path).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { "gone", "link", "one", "sub", "two" }));
        Assert.That(() => open.WriteByte(1), Throws.InstanceOf<IOException>(), "what was open is cut off");
    }

    [Test]
    public void Keep_ANewDirectory_HoldsTheChangesAndUpperGoesOn()
    {
        string kept = Path.Combine(Root, "kept");
        using (OverlayMount first = OverlayMount.Create(Lower, Options with { Keep = kept }))
        {
            File.WriteAllText(Path.Combine(first.Path, "new"), "1");
            Assert.That(first.Reset, Throws.InvalidOperationException);
        }
        using OverlayMount second = OverlayMount.Create(Lower, Options with { Upper = kept, MountOptions = ["noexec"] });
        Assert.That(File.ReadAllText(Path.Combine(second.Path, "new")), Is.EqualTo("1"));
        Assert.That(second.Upper, Is.EqualTo(kept));
        Assert.That(Bash($"grep ' {second.Path} ' /proc/self/mounts"), Does.Contain("noexec"));
    }

    [Test]
    public void At_APlaceOfTheCaller_IsThePath()
    {
        string at = Directory.CreateDirectory(Path.Combine(Root, "here")).FullName;
        using (OverlayMount overlay = OverlayMount.Create(Lower, Options with { At = at }))
        {
            Assert.That(overlay.Path, Is.EqualTo(at));
            Assert.That(File.Exists(Path.Combine(at, "one")));
        }
        Assert.That(Directory.GetFileSystemEntries(at), Is.Empty);
    }

    [Test]
    public async Task Create_EightAtOnceOnOneLower_AreApart()
    {
        string[] seen = await Task.WhenAll(Enumerable.Range(0, 8).Select(async number =>
        {
            await using OverlayMount overlay = await OverlayMount.CreateAsync(Lower, Options);
            await File.WriteAllTextAsync(Path.Combine(overlay.Path, "one"), $"{number}");
            return await File.ReadAllTextAsync(Path.Combine(overlay.Path, "one")) + string.Join(' ', overlay.Changes);
        }));
        Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 8).Select(number => $"{number}M one")));
    }

    private static IEnumerable<string> FilesBelow(string root, string path)
    {
        string whole = Path.Combine(root, path);
        return Directory.Exists(whole) && new FileInfo(whole).LinkTarget is null
            ? Directory.EnumerateFiles(whole, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file))
            : [path];
    }
}
