using System.Diagnostics;
using System.Reflection;
using OverlayFuse.Testing.Tests.Support;

namespace OverlayFuse.Testing.Tests;

/// <summary>
/// The twelve tests of fixtures/twelve.txt in C#. FixtureTests of OverlayFuse.Mount.Tests runs them in all other languages.
/// </summary>
[Category("Fixtures")]
internal sealed class TwelveTests : OverlayTest
{
    private static string Fixtures =>
        Path.Combine(Bash("git rev-parse --show-toplevel", TestContext.CurrentContext.TestDirectory).Trim(), "fixtures");

    private string Layers => Path.Combine(Root, "layers");

    private string Bottom => Path.Combine(Layers, "lower");

    [SetUp]
    public void MakeTree() => Bash($"{Fixtures}/make-tree layers");

    [Test]
    public void Twelve_InCSharp_AreThoseOfTheList() =>
        Assert.That(GetType().GetMethods().Where(method => method.GetCustomAttribute<TestAttribute>() is not null)
            .Select(method => method.Name).Where(name => !name.StartsWith("Twelve_", StringComparison.Ordinal)),
            Is.EquivalentTo(File.ReadAllLines(Path.Combine(Fixtures, "twelve.txt"))));

    [Test]
    public void Read_ThroughLayers_ShowsTheTopmost()
    {
        using OverlayMount view = OverlayMount.Create([Path.Combine(Layers, "top"), Bottom], Options);
        Assert.That(Bash("cat one two; ls", view.Path), Is.EqualTo("top\ntwo\nbig\ngone\nlink\none\nsub\ntool\ntwo\n"));
    }

    [Test]
    public void Write_InTheView_LeavesTheLower()
    {
        using OverlayMount view = OverlayMount.Create(Bottom, Options);
        File.WriteAllText(Path.Combine(view.Path, "one"), "new\n");
        File.WriteAllText(Path.Combine(view.Path, "sub/made"), "made\n");
        Assert.That(Bash($"cat one {Bottom}/one", view.Path), Is.EqualTo("new\none\n"));
        Assert.That(File.Exists(Path.Combine(Bottom, "sub/made")), Is.False);
    }

    [Test]
    public void Delete_InTheView_LeavesTheLower()
    {
        using OverlayMount view = OverlayMount.Create(Bottom, Options);
        File.Delete(Path.Combine(view.Path, "two"));
        Directory.Delete(Path.Combine(view.Path, "gone"), recursive: true);
        Assert.That(Bash("ls", view.Path), Is.EqualTo("big\nlink\none\nsub\ntool\n"));
        Assert.That(Bash("ls; ls gone", Bottom), Is.EqualTo("big\ngone\nlink\none\nsub\ntool\ntwo\nfive\n"));
    }

    [Test]
    public void Changes_OfAllKinds_AreListed()
    {
        using OverlayMount view = OverlayMount.Create(Bottom, Options);
        Assert.That(view.Changes, Is.Empty);
        File.WriteAllText(Path.Combine(view.Path, "a\nb\\ä"), "");
        Bash("rm -r two gone; chmod 600 sub/three", view.Path);
        Assert.That(view.Changes.Select(change => $"{change}"),
            Is.EquivalentTo(new[] { "A a\nb\\ä", "D gone", "D two", "M sub/three" }));
    }

    [Test]
    public void Reset_AfterChanges_ShowsTheLower()
    {
        using OverlayMount view = OverlayMount.Create(Bottom, Options);
        string path = view.Path;
        Bash("touch made; rm -r sub", path);
        view.Reset();
        Assert.That((view.Path, view.Changes.Count), Is.EqualTo((path, 0)));
        Assert.That(Bash("cat sub/three; ls", path), Is.EqualTo("three\nbig\ngone\nlink\none\nsub\ntool\ntwo\n"));
    }

    [Test]
    public void Views_SideBySide_AreApart()
    {
        OverlayMount[] views = [.. Enumerable.Range(0, 4).Select(_ => OverlayMount.Create(Bottom, Options))];
        try
        {
            foreach ((int number, OverlayMount view) in views.Index())
                File.WriteAllText(Path.Combine(view.Path, "one"), $"{number}");
            Assert.That(views.Select(view => File.ReadAllText(Path.Combine(view.Path, "one")) + string.Join(' ', view.Changes)),
                Is.EqualTo(new[] { "0M one", "1M one", "2M one", "3M one" }));
        }
        finally
        {
            Array.ForEach(views, view => view.Dispose());
        }
    }

    [Test]
    public void ReadOnlyView_WrittenTo_Refuses()
    {
        using OverlayMount view = OverlayMount.Create(Bottom, Options with { MountOptions = ["ro"] });
        Assert.That(File.ReadAllText(Path.Combine(view.Path, "one")), Is.EqualTo("one\n"));
        Assert.That(() => File.WriteAllText(Path.Combine(view.Path, "made"), ""),
            Throws.InstanceOf<IOException>().With.Message.Contains("Read-only file system"));
    }

    [Test]
    public void LinksAndModes_InTheView_AreTheLowers()
    {
        using OverlayMount view = OverlayMount.Create(Bottom, Options);
        Assert.That(Bash($"readlink link; cat link; stat -c %a tool; ./tool; chmod 700 tool; stat -c %a tool {Bottom}/tool", view.Path),
            Is.EqualTo("one\none\n750\nran\n700\n750\n"));
    }

    [Test]
    public void BigFile_ChangedInTheMiddle_IsWhole()
    {
        using OverlayMount view = OverlayMount.Create(Bottom, Options);
        Assert.That(Bash($"printf changed | dd of=big bs=1 seek=8M conv=notrunc status=none; stat -c %s big; "
            + $"{{ cmp -l big {Bottom}/big || true; }} | wc -l; dd if=big bs=1 skip=8M count=7 status=none", view.Path),
            Is.EqualTo($"{16 << 20}\n7\nchanged"));
    }

    [Test]
    public void TestProcess_Killed_LeavesNothing()
    {
        string assembly = typeof(Client).Assembly.Location;
        using Process client = Process.Start(new ProcessStartInfo("env",
            [$"OVERLAYFUSE={Program}", $"TMPDIR={Root}/tmp", "DOTNET_EnableDiagnostics=0", "dotnet", assembly, "forget", Bottom])
        { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.That(client.StandardOutput.ReadLine(), Does.StartWith(Root + "/tmp/"));
        client.Kill();
        client.WaitForExit();
        SpinWait.SpinUntil(() => Directory.GetFileSystemEntries(Root + "/tmp").Length == 0, 10_000); // the base class asserts it
    }

    [Test]
    public void Program_Missing_NamesTheRemedy()
    {
        Assert.That(() => OverlayMount.Create(Bottom, Options with { Program = "/none/overlayfuse" }),
            Throws.TypeOf<OverlayMountException>().With.Message.Match("Program=/none/overlayfuse: does not exist; name the program"));
        Assert.That(() => OverlayMount.Create(Path.Combine(Bottom, "none"), Options),
            Throws.TypeOf<OverlayMountException>().With.Message.Contains($"--lower={Bottom}/none: does not exist; create it"));
    }

    /// <summary>The library knows no framework, so the test itself says that it has failed.</summary>
    [Test]
    public void Failure_OfATest_KeepsItsChanges()
    {
        string kept = Path.Combine(Root, "kept");
        OverlayMount view = OverlayMount.Create(Bottom, Options);
        Bash("echo 'by a test that fails' >made; rm two", view.Path);
        view.DisposeKeeping(kept);
        Assert.That(File.ReadAllText(Path.Combine(kept, "made")), Is.EqualTo("by a test that fails\n"));
        using OverlayMount again = OverlayMount.Create([kept, Bottom], Options);
        Assert.That(File.Exists(Path.Combine(again.Path, "two")), Is.False);
    }
}
