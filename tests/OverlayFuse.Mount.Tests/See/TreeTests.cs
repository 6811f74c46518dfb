using System.Text.Json;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.See;

/// <summary>`overlayfuse tree`: the names are those of the kernel's mount, and each has the layers that `explain` names.</summary>
internal sealed class TreeTests : SeeTest
{
    [Test]
    public void Tree_OfAKernelMount_ListsTheNamesThatTheKernelShows()
    {
        MountKernel("redirect_dir=on,metacopy=on");
        Change();
        Layers.Shell("chmod 640 k/etc/hosts; mkdir -p k/very/deep; touch k/very/deep/f k/very.x");
        string kernel = Tool.Run("sh", "-ec", $"cd '{Layers.Root}/k'; find . -mindepth 1 -printf '%P\\n' | sort");
        string[] lines = Tree("k");
        Assert.That(Paths(lines).Order(StringComparer.Ordinal),
            Is.EqualTo(kernel.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)));
        Assert.That(lines, Is.SupersetOf(new[]
        {
            "0+2 etc/hosts", "0+1+2+3 etc/", "0+3 new/", "3 new/sub/f", "0 made", "1 typ", "2 dir/",
        }));
    }

    /// <summary>Each line agrees with `explain`.</summary>
    [Test]
    public void Tree_WithHidden_AgreesWithExplain()
    {
        MountKernel();
        Change();
        Assert.That(Tree("--hidden", "k"), Is.SupersetOf(new[]
        {
            "-3 deleted: a whiteout in layer 0 upper",
            "-3 old/: a whiteout in layer 0 upper",
            "-3 etc/passwd: a whiteout in layer 1 lower",
            "-3 etc/hosts: a file with its own data in layer 2 lower",
            "-3 dir/: an opaque directory in layer 2 lower",
            "-3 typ/: a file with its own data in layer 1 lower",
        }));
        Assert.That(Tree("--hidden", "--lower", "l1:l2:l3", "/"), Has.Member("-3 aufs: a .wh. mark in layer 2 lower"));
        using var entries = JsonDocument.Parse(Layers.Start("tree", "--hidden", "--json", "k").Output);
        Assert.That(entries.RootElement.GetArrayLength(), Is.GreaterThan(30));
        foreach (JsonElement entry in entries.RootElement.EnumerateArray())
            AssertLikeExplain(entry);
    }

    [TestCase("new", "3 new/sub/")]
    [TestCase("new/sub", "3 new/sub/f")]
    [TestCase("fresh", "0 fresh/f")]
    public void Tree_OfOneDirectory_ListsItsNamesAlone(string path, string expected)
    {
        MountKernel();
        Change();
        Assert.That(Tree("--here", $"k/{path}"), Is.EqualTo(new[] { expected }));
    }

    [TestCase("etc/hosts", "etc/hosts: is no directory of the view; see 'overlayfuse explain'")]
    [TestCase("gone", "gone: is no directory of the view; see 'overlayfuse explain'")]
    [TestCase("etc/link", "etc/link: is a symbolic link on the way; name the file by the path that the link leads to")]
    public void Tree_OfNoDirectory_NamesTheRemedy(string path, string text)
    {
        ToolResult result = Layers.Start("tree", "--lower", "l3", path);
        Assert.That((result.ExitCode, result.Output, result.Error), Is.EqualTo((1, "", $"overlayfuse: {text}\n")));
    }

    [Test]
    public void Tree_AsJson_HasTheFormOfTheSchema()
    {
        Layers.Shell("touch \"l3/$(printf 'a\\377')\"; mkdir empty");
        Assert.That(JsonSchema.Faults("tree", Layers.Start("tree", "--hidden", "--json", "--lower", "l1:l2:l3", "/").Output), Is.Empty);
        Assert.That(Layers.Start("tree", "--json", "--lower", "empty", "/").Output, Is.EqualTo("[]\n"));
    }

    /// <summary>300 levels with the way back through each, and few descriptors.</summary>
    [Test]
    public void Tree_OfADeepTree_TakesFewDescriptors()
    {
        Layers.Shell("cd l1; i=0; while [ $i -lt 300 ]; do mkdir d z; touch z/f; cd d; i=$((i+1)); done");
        Layers.Shell($"ulimit -n 64; '{Cli.Overlayfuse.Path}' tree --hidden --lower l1:l2 / > deep");
        Assert.That(File.ReadLines(Layers.PathOf("deep")).Count(line => line.EndsWith("/z/f", StringComparison.Ordinal)), Is.EqualTo(299));
    }

    /// <summary>100,000 entries in 100 directories: with 16 MiB for objects the list cannot be kept.</summary>
    [Test]
    public void Tree_OfManyEntries_TakesLittleMemory()
    {
        Layers.Shell("mount -t tmpfs t l1; cd l1; mkdir $(seq 100); for d in *; do (cd $d; touch $(seq 1000)); done");
        Layers.Shell($"DOTNET_GCHeapHardLimit=0x1000000 '{Cli.Overlayfuse.Path}' tree --hidden --lower l1:l2 / > list");
        Assert.That(File.ReadLines(Layers.PathOf("list")).Count(line => !line.Contains("aufs", StringComparison.Ordinal)),
            Is.EqualTo(100_104));
    }

    private void AssertLikeExplain(JsonElement entry)
    {
        string path = entry.GetProperty("path").GetString()!;
        JsonElement[] layers = [.. Explain($"k/{path}").GetProperty("layers").EnumerateArray()];
        int[] numbers = [.. entry.GetProperty("layers").EnumerateArray().Select(number => number.GetInt32())];
        string[] keys = ["gives_data", "gives_metadata", "is_part"];
        int[] shown = [.. layers.Where(layer => keys.Any(key => layer.GetProperty(key).GetBoolean()))
            .Select(layer => layer.GetProperty("number").GetInt32())];
        if (entry.GetProperty("shown").GetBoolean())
            Assert.That(numbers, Is.EqualTo(shown), path);
        else
            Assert.That(layers.Single(layer => layer.GetProperty("number").GetInt32() == numbers[0]).GetProperty("hidden_by")
                .GetProperty("layer").GetInt32(), Is.EqualTo(entry.GetProperty("hidden_by_layer").GetInt32()), path);
    }

    private string[] Tree(params string[] words)
    {
        ToolResult result = Layers.Start(["tree", .. words]);
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static IEnumerable<string> Paths(IEnumerable<string> lines) =>
        lines.Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..].TrimEnd('/'));
}
