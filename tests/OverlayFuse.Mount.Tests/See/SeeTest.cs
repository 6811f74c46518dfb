using System.Text.Json;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.See;

/// <summary>Layers l1 over l2 over l3, an upper u, mountpoints k (the kernel's) and m (ours), with entries of each kind.</summary>
internal abstract class SeeTest
{
    /// <summary>The kernel's mount makes the changes in the upper by itself.</summary>
    private const string MakeLayers = """
        mkdir -p l1/etc l2/etc l3/etc l2/dir l3/dir l3/typ l3/old/sub l3/deep/a/b l1/aufs.d l3/aufs.d k
        echo base > l3/etc/hosts; echo middle > l2/etc/hosts; echo gone > l3/etc/passwd; mknod l1/etc/passwd c 0 0
        setfattr -n trusted.overlay.opaque -v y l2/dir; echo seen > l2/dir/x; echo below > l3/dir/x; echo below > l3/dir/y
        echo file > l1/typ; echo in > l3/typ/in; echo marked > l3/aufs; touch l2/.wh.aufs
        touch l1/aufs.d/.wh..wh..opq; echo below > l3/aufs.d/z
        echo old > l3/old/sub/f; echo deep > l3/deep/a/b/c; ln -s hosts l3/etc/link; echo two > l3/etc/one; ln l3/etc/one l3/etc/two
        echo x > l3/copied; echo x > l3/deleted; echo "a b" > "l3/a name"
        """;

    protected CliSandbox Layers { get; private set; } = null!;

    [SetUp]
    public void MakeSandbox()
    {
        Layers = new CliSandbox();
        Layers.Shell("rm a/* b/*\n" + MakeLayers);
    }

    [TearDown]
    public void RemoveSandbox()
    {
        _ = Tool.Try("sh", ["-c", $"umount -l '{Layers.Root}/k' '{Layers.Root}/m' 2>/dev/null"]);
        Layers.Dispose();
    }

    /// <summary>Mounts by the kernel at k.</summary>
    protected void MountKernel(string options = "redirect_dir=on,metacopy=off") =>
        Layers.Shell($"mount -t overlay o -o lowerdir=l1:l2:l3,upperdir=u,workdir=w,{options} k");

    /// <summary>Changes files through the mount at k.</summary>
    protected void Change() =>
        Layers.Shell("cd k; mv old new; echo more >> copied; rm deleted; echo own > made; mkdir fresh; touch fresh/f");

    /// <summary>The object of `explain --json`.</summary>
    protected JsonElement Explain(params string[] words)
    {
        ToolResult result = Layers.Start(["explain", "--json", .. words]);
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        using var document = JsonDocument.Parse(result.Output);
        return document.RootElement[0].Clone();
    }

    /// <summary>The lines of `explain`.</summary>
    protected string[] Lines(params string[] words)
    {
        ToolResult result = Layers.Start(["explain", .. words]);
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        return result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
