using System.Text.Json;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.See;

/// <summary>`overlayfuse explain` against the kernel's overlayfs: what it shows, and what it does on each change.</summary>
internal sealed class ExplainOracleTests : SeeTest
{
    /// <summary>Each name of the view and of each layer: shown or not, type, mode, and the bytes of the layer that is named.</summary>
    [TestCase("redirect_dir=on,metacopy=off")]
    [TestCase("redirect_dir=on,metacopy=on")]
    public void Explain_OfEachPath_NamesTheFileThatTheKernelShows(string options)
    {
        MountKernel(options);
        Change();
        Layers.Shell("chmod 640 k/etc/hosts; chmod 700 k/deep/a/b/c");
        string[] paths = Tool.Run("sh", "-ec", 
                $"cd '{Layers.Root}'; for d in k u l1 l2 l3; do (cd $d; find . -printf '%P\\n'); done | sort -u")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(paths, Has.Length.GreaterThan(30));
        Assert.Multiple(() =>
        {
            foreach (string path in paths.Where(path => !IsBelowAFile(path)))
                AssertLikeTheKernel(path);
        });
    }

    /// <summary>A mount of ours over the same layers is explained in the same words.</summary>
    [Test]
    public void Explain_OfOurMount_SaysTheSameAsOfTheKernels()
    {
        MountKernel();
        Change();
        string[] paths = ["new/sub/f", "old", "copied", "deleted", "made", "etc", "etc/passwd", "dir/y", "typ/in"];
        string[][] kernel = [.. paths.Select(path => Lines($"k/{path}"))];
        Layers.Shell("umount k");
        Layers.Mount("-o", "lowerdir=l1:l2:l3,upperdir=u,workdir=w,redirect_dir=on", Layers.MountPoint);
        string[][] ours = [.. paths.Select(path => Lines($"m/{path}"))];
        Assert.That(Layers.Start("layers", "m").Output, Does.StartWith("upper "));
        File.WriteAllText(Layers.PathOf("list"), Layers.Start("layers", "m").Output);
        string[][] listed = [.. paths.Select(path => Lines("--stack", "list", "-o", "redirect_dir=on", path))];
        Assert.That(ours, Is.EqualTo(kernel));
        Assert.That(listed, Is.EqualTo(kernel));
    }

    [Test]
    public void Explain_OfAMountOfFuseOverlayfs_FindsItsLayers()
    {
        string root = Layers.Root;
        Layers.Shell($"fuse-overlayfs -o lowerdir={root}/l1:{root}/l2:{root}/l3,upperdir={root}/u,workdir={root}/w {root}/k");
        Assert.That(Lines("k/etc/hosts"), Is.SupersetOf(new[]
        {
            $"data from: {root}/l2/etc/hosts", "write: copies 7 bytes up; copies the directory above up",
        }));
    }

    /// <summary>Directories whose names have the characters that lists of options escape, in each form of the list.</summary>
    [TestCase("-o", @"lowerdir=o\:n\,e:l2,upperdir=u,workdir=w")]
    [TestCase("-o", @"lowerdir=R/o\:n\,e:R/l2")]
    public void Explain_OfNamesWithDelimiters_FindsTheLayers(params string[] options)
    {
        string text = options[1].Replace("R/", Layers.Root + "/", StringComparison.Ordinal);
        Layers.Shell($"mkdir 'o:n,e'; echo odd > 'o:n,e/odd name'; mount -t overlay o -o '{text}' k");
        Assert.That(Lines("k/odd name"), Has.Member($"data from: {Layers.Root}/o:n,e/odd name"));
    }

    /// <summary>Deletes each through the kernel, and looks for the whiteout.</summary>
    [TestCase("copied", "whiteout")]
    [TestCase("made", "removed")]
    [TestCase("etc/hosts", "whiteout")]
    [TestCase("deep/a/b/c", "whiteout")]
    [TestCase("fresh/f", "removed")]
    [TestCase("new/sub/f", "whiteout")]
    public void Delete_Foretold_IsWhatTheKernelDoes(string path, string expected)
    {
        MountKernel();
        Change();
        (string effect, long directories) = Foretold(path, "delete", out _);
        long before = CountDirectories();
        Layers.Shell($"rm k/{path}");
        string seen = Tool.Run("sh", "-c", $"cd '{Layers.Root}/u'; test -c '{path}' && echo whiteout || echo removed").Trim();
        Assert.That((effect, seen, CountDirectories() - before), Is.EqualTo((expected, expected, directories)));
    }

    [TestCase("copied", "in-place")]
    [TestCase("etc/hosts", "copy-up")]
    [TestCase("deep/a/b/c", "copy-up")]
    public void Write_Foretold_CopiesWhatTheKernelCopies(string path, string expected)
    {
        MountKernel();
        Change();
        (string effect, long directories) = Foretold(path, "write", out long bytes);
        long size = new FileInfo(Layers.PathOf("k", path)).Length, before = CountDirectories();
        Layers.Shell($"echo >> k/{path}");
        Assert.That((effect, CountDirectories() - before), Is.EqualTo((expected, directories)));
        Assert.That(bytes, Is.EqualTo(expected == "in-place" ? 0 : size));
    }

    /// <summary>chmod copies data, or none with metacopy=on.</summary>
    [TestCase("metacopy=on", "copy-up-of-metadata")]
    [TestCase("metacopy=off", "copy-up")]
    public void Chmod_Foretold_CopiesWhatTheKernelCopies(string options, string expected)
    {
        MountKernel(options);
        string effect = Foretold("deep/a/b/c", "chmod", out _).Effect;
        Layers.Shell("chmod 600 k/deep/a/b/c");
        bool isMetacopy = HasMark("metacopy", "deep/a/b/c");
        Assert.That((effect, isMetacopy), Is.EqualTo((expected, options == "metacopy=on")));
    }

    [TestCase("redirect_dir=on", "dir", "redirect")]
    [TestCase("redirect_dir=off", "dir", "cross-device")]
    [TestCase("redirect_dir=off", "fresh", "in-place")]
    [TestCase("redirect_dir=on", "new", "redirect")]
    public void Rename_Foretold_IsWhatTheKernelDoes(string options, string path, string expected)
    {
        MountKernel();
        Change();
        Layers.Shell("umount k");
        MountKernel(options);
        string effect = Foretold(path, "rename", out _).Effect;
        int status = Stdlib.rename(Layers.PathOf("k", path), Layers.PathOf("k", "elsewhere"));
        string seen = status != 0 ? (Stdlib.GetLastError() == Errno.EXDEV ? "cross-device" : "refused")
            : HasMark("redirect", "elsewhere") ? "redirect" : "in-place";
        Assert.That((effect, seen), Is.EqualTo((expected, expected)));
    }

    private (string Effect, long Directories) Foretold(string path, string change, out long bytes)
    {
        JsonElement effect = Explain($"k/{path}").GetProperty(change);
        bytes = effect.GetProperty("bytes").GetInt64();
        return (effect.GetProperty("effect").GetString()!, effect.GetProperty("directories").GetInt64());
    }

    private bool HasMark(string mark, string path) =>
        Tool.Try("getfattr", ["-n", "trusted.overlay." + mark, Layers.PathOf("u", path)]).ExitCode == 0;

    private long CountDirectories() => Directory.EnumerateDirectories(Layers.PathOf("u"), "*", SearchOption.AllDirectories).LongCount();

    /// <summary>The kernel cannot be asked for a name below a file.</summary>
    private bool IsBelowAFile(string path) =>
        Tool.Try("stat", [Layers.PathOf("k", path)]).Error.Contains("Not a directory", StringComparison.Ordinal);

    private void AssertLikeTheKernel(string path)
    {
        JsonElement entry = Explain($"k/{path}");
        JsonElement[] layers = [.. entry.GetProperty("layers").EnumerateArray()];
        string real = Layers.PathOf("k", path);
        ToolResult stat = Tool.Try("stat", ["-c", "%a %F %s", real]);
        Assert.That(entry.GetProperty("shown").GetBoolean(), Is.EqualTo(stat.ExitCode == 0), path);
        if (stat.ExitCode != 0)
        {
            Assert.That(layers.Where(layer => layer.GetProperty("form").GetString() == "entry"),
                Is.All.Matches<JsonElement>(layer => layer.GetProperty("hidden_by").ValueKind == JsonValueKind.Object), path);
            return;
        }
        string metadata = PlaceOf(layers.Single(layer => layer.GetProperty("gives_metadata").GetBoolean()));
        Assert.That(Tool.Run("stat", "-c", "%a %F", metadata), Is.EqualTo(Tool.Run("stat", "-c", "%a %F", real)), path);
        if (Directory.Exists(real))
            AssertParts(path, [.. layers.Where(layer => layer.GetProperty("is_part").GetBoolean()).Select(PlaceOf)]);
        else if (new FileInfo(real).LinkTarget is { } target)
            Assert.That(layers.Single(layer => layer.GetProperty("gives_data").GetBoolean()).GetProperty("target").GetString(),
                Is.EqualTo(target), path);
        else
            Assert.That(File.ReadAllBytes(PlaceOf(layers.Single(layer => layer.GetProperty("gives_data").GetBoolean()))),
                Is.EqualTo(File.ReadAllBytes(real)), path);
    }

    /// <summary>All names of the view are in the parts.</summary>
    private void AssertParts(string path, string[] parts) => Assert.That(
        parts.SelectMany(Directory.EnumerateFileSystemEntries).Select(Path.GetFileName),
        Is.SupersetOf(Directory.EnumerateFileSystemEntries(Layers.PathOf("k", path)).Select(Path.GetFileName)), path);

    private static string PlaceOf(JsonElement layer) =>
        Path.Combine(layer.GetProperty("directory").GetString()!, layer.GetProperty("place").GetString()!);
}
