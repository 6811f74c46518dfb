using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>
/// Layers of a live mount: what is shown after a change equals what the kernel's overlayfs shows of the same stack, mounted anew.
/// </summary>
internal sealed class LiveLayerTests
{
    private const int Additions = 20;

    private static readonly Layer Bottom = new Layer()
        .File("d/file", "old").File("d/covered", "x").File("d/s/deep/f", "deep").File("gone/x", "x").File("cut/below", "x")
        .File("plain", "p").Dir("turned").Symlink("link", "d/file");

    private static readonly Layer New = new Layer()
        .File("d/file", "new").File("d/added", "a").Whiteout("d/covered").Whiteout("gone").File("cut/own", "o").Opaque("cut").Dir("plain")
        .File("turned", "t").File("d/s/deep/g", "g").File("fresh/f", "f");

    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = new CliSandbox();
        LayerBuilder.Build(Bottom, sandbox.PathOf("bottom"));
        LayerBuilder.Build(New, sandbox.PathOf("new"));
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [Test]
    public void Layers_OfALiveMount_AreListed()
    {
        sandbox.Mount("-o", "lowerdir=a:b::bottom,upperdir=u,workdir=w", sandbox.MountPoint);
        string[] expected = [$"upper {sandbox.PathOf("u")}", $"lower {sandbox.PathOf("a")}", $"lower {sandbox.PathOf("b")}",
            $"data {sandbox.PathOf("bottom")}"];
        Assert.That(Ask("layers", "m"), Is.EqualTo(expected));
    }

    [Test]
    public void AddLayer_UnderATreeThatIsKnown_ShowsTheNewStack()
    {
        sandbox.Mount("-o", "lowerdir=bottom,upperdir=u,workdir=w", sandbox.MountPoint);
        File.WriteAllText(sandbox.PathOf("m", "d", "upper"), "u");
        TreeSnapshot.Take(sandbox.MountPoint, TreeView.Merged); // now the kernel has all of it
        using (StreamReader open = File.OpenText(sandbox.PathOf("m", "d", "file")))
        {
            Ask("add-layer", "m", "new");
            Assert.That(open.ReadToEnd(), Is.EqualTo("old"), "what is open stays what it was");
        }
        Assert.That(Ask("layers", "m")[1], Is.EqualTo($"lower {sandbox.PathOf("new")}"));
        File.AppendAllText(sandbox.PathOf("m", "d", "s", "deep", "g"), "+");
        AssertEqualsKernel("new", "bottom");
    }

    [Test]
    public void AddLayer_WithTheWorkingDirectoryInTheMount_ShowsItThere()
    {
        sandbox.Mount("-o", "lowerdir=bottom", sandbox.MountPoint);
        sandbox.Shell($"cd m/d; ls >/dev/null; '{Overlayfuse.Path}' add-layer ../../m ../../new; test \"$(cat file added)\" = newa; "
            + $"test ! -e covered; ls | grep -q added");
    }

    [Test, Category("Soak")]
    public void AddLayer_WhileTheTreeIsWalked_DisturbsNobody()
    {
        sandbox.Mount("-o", "lowerdir=bottom,upperdir=u,workdir=w", sandbox.MountPoint);
        using var stop = new CancellationTokenSource();
        Task<ToolResult>[] walkers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => Tool.Try(
            "sh", ["-c",
                "while [ ! -e ../stop ]; do find . -type f -exec cat {} + >/dev/null 2>>../errors; done; "
                    + "grep -v 'No such file' ../errors; true"], sandbox.MountPoint)))];
        try
        {
            for (int i = 0; i < Additions; i++)
                AddNumbered(i);
        }
        finally
        {
            File.WriteAllText(sandbox.PathOf("stop"), "");
            Task.WaitAll(walkers);
        }
        Thread.Sleep(2000); // the daemon's second look at answers on their way
        Assert.That(walkers.Select(walker => walker.Result.Output), Is.All.Empty);
        AssertEqualsKernel([.. Enumerable.Range(0, Additions).Reverse().Select(i => "layer" + i.ToString(CultureInfo.InvariantCulture)),
            "bottom"]);
    }

    [Test]
    public void Refresh_AfterChangesBehindItsBack_ShowsThem()
    {
        sandbox.Mount("-o", "lowerdir=bottom,upperdir=u,workdir=w", sandbox.MountPoint);
        TreeSnapshot.Take(sandbox.MountPoint, TreeView.Merged);
        sandbox.Shell("echo changed > bottom/d/file; rm -r bottom/gone; mkdir bottom/d/born; echo b > bottom/d/born/f; "
            + "rm -r bottom/turned; echo t > bottom/turned; ln -sfn plain bottom/link; echo u > u/straight");
        Ask("refresh", "m");
        AssertEqualsKernel("bottom");
    }

    [TestCase("add-layer m a", "a: lies in a layer of m")]
    [TestCase("add-layer m m", "m: lies in m itself")]
    [TestCase("add-layer m u/inside", "u/inside: lies in a layer of m")]
    [TestCase("add-layer m .", ".: lies in a layer of m, or holds one")]
    [TestCase("add-layer m none", "none: cannot be looked at (ENOENT)")]
    [TestCase("add-layer m a/file", "a/file: is not a directory")]
    [TestCase("add-layer a new", "a: is not the root of an overlayfuse mount")]
    [TestCase("add-layer m/inside new", "m/inside: is not the root of an overlayfuse mount")]
    [TestCase("refresh none", "none: cannot be opened (ENOENT)")]
    [TestCase("layers a/file", "a/file: cannot be opened (ENOTDIR)")]
    public void Verb_ThatCannotWork_NamesTheThingAndTheRemedy(string words, string text)
    {
        sandbox.MakeDirectory("u", "inside");
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        ToolResult result = sandbox.Start(words.Split(' '));
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((1, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: " + text).And.Contain("; ").And.Not.Contain("Exception"));
    }

    /// <summary>
    /// Copied-up directories are bound to the lower ones that they came from; with another layer on top they would merge with nothing.
    /// </summary>
    [Test]
    public void AddLayer_WithNfsExport_IsRefused()
    {
        sandbox.Mount("-o", CliSandbox.Writable + ",nfs_export=on", sandbox.MountPoint);
        ToolResult result = sandbox.Start("add-layer", "m", "new");
        Assert.That((result.ExitCode, result.Error),
            Is.EqualTo((1,
                "overlayfuse: m: was mounted with nfs_export=on, so its layers stay; unmount it, and mount it with new in lowerdir=\n")));
    }

    /// <summary>As at the mount: an index is of layers that nobody changes.</summary>
    [TestCase("index=on", 1,
        "overlayfuse: new: in use by another overlay, which may change it, and m was mounted with index=on; unmount that one\n")]
    [TestCase("index=off", 0, "")]
    public void AddLayer_ThatTheKernelsOverlayWritesTo_IsRefusedWithAnIndex(string options, int status, string error)
    {
        sandbox.Shell("mkdir kernel kernels-work; mount -t overlay overlay -o lowerdir=bottom,upperdir=$PWD/new,workdir=$PWD/kernels-work "
            + "kernel");
        try
        {
            sandbox.Mount("-o", CliSandbox.Writable + "," + options, sandbox.MountPoint);
            ToolResult result = sandbox.Start("add-layer", "m", "new");
            Assert.That((result.ExitCode, result.Error), Is.EqualTo((status, error)));
        }
        finally
        {
            sandbox.Shell("umount kernel");
        }
    }

    [Test]
    public void Verb_ByAStranger_IsRefused()
    {
        sandbox.Mount("-o", "lowerdir=bottom,allow_other", sandbox.MountPoint);
        sandbox.Shell("chmod 755 .");
        ToolResult result = Tool.Try("setpriv", ["--reuid=1234", "--clear-groups", Overlayfuse.Path, "add-layer", "m", "new"],
            sandbox.Root);
        Assert.That(result.Error, Does.StartWith("overlayfuse: m: belongs to another user; "));
    }

    /// <summary>A walker may bring back an old name for the second that the daemon gives answers on their way.</summary>
    private void AddNumbered(int number)
    {
        string name = "layer" + number.ToString(CultureInfo.InvariantCulture);
        LayerBuilder.Build(new Layer().File("d/number", name).File($"d/only{number}", "x"), sandbox.PathOf(name));
        Ask("add-layer", "m", name);
        SpinWait.SpinUntil(() => File.ReadAllText(sandbox.PathOf("m", "d", "number")) == name, TimeSpan.FromSeconds(10));
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "d", "number")), Is.EqualTo(name));
    }

    private string[] Ask(params string[] words)
    {
        ToolResult result = sandbox.Start(words);
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private void AssertEqualsKernel(params string[] lowers)
    {
        TreeSnapshot ours = TreeSnapshot.Take(sandbox.MountPoint, TreeView.Merged);
        sandbox.Shell("umount m");
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        var options = new OverlayOptions([.. lowers.Select(lower => sandbox.PathOf(lower))], sandbox.PathOf("u"), sandbox.PathOf("w"));
        using KernelOverlay kernel = KernelOverlay.Mount(options, sandbox.MountPoint);
        TreeSnapshot expected = TreeSnapshot.Take(sandbox.MountPoint, TreeView.MergedByKernel);
        // noatime: what reading did is not shown
        Assert.That(expected.Differences(ours, "kernel", "overlayfuse")
            .Where(line => !line.Contains(": atime: ", StringComparison.Ordinal)), Is.Empty);
    }
}
