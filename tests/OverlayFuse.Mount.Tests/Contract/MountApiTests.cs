using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>
/// Where mount(2) cannot ask the kernel: more layers than fit on its page, changes of a live mount one by one, users who may not set
/// trusted.*.
/// </summary>
internal sealed class MountApiTests
{
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase(499, 0)]
    [TestCase(500, 0)]
    [TestCase(501, 0)]
    [TestCase(499, 1)]
    [TestCase(500, 1)]
    public void Mount_AsManyLayersAsTheKernelTakes_AreTaken(int lowers, int data)
    {
        sandbox.Shell($"mkdir $(seq -f L%g {lowers + data})");
        string[] options = [.. Enumerable.Range(1, lowers + data)
            .Select(number => $"{(number <= lowers ? "lowerdir" : "datadir")}+={sandbox.Root}/L{number}")];
        using FsContext context = FsContext.Open("overlay");
        Errno kernel = context.Make(options);
        ToolResult ours = sandbox.Start("-o", string.Join(',', ["max_layers=500", .. options]), "m");
        Assert.That(ours.ExitCode == 0, Is.EqualTo(kernel == 0), $"{kernel}; {ours.Error}");
        if (kernel != 0) Assert.That(ours.Error, Does.Contain("limit is 500"));
    }

    /// <summary>Unlike mount(2), this API tells that an option cannot be changed.</summary>
    [TestCase("metacopy=on")]
    [TestCase("lowerdir=/none")]
    [TestCase("userxattr")]
    [TestCase("nosuch=1")]
    [TestCase("ro")]
    public void Reconfigure_OneOption_IsAnsweredAsByTheKernels(string option)
    {
        sandbox.Shell("mkdir k ku kw; mount -t overlay o -o lowerdir=a:b,upperdir=ku,workdir=kw k");
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        using FsContext kernel = FsContext.Pick(sandbox.PathOf("k")), ours = FsContext.Pick(sandbox.MountPoint);
        Assert.That(ours.Change([option]), Is.EqualTo(kernel.Change([option])));
    }

    /// <summary>Root of a user namespace may not write marks trusted.*: what needs them is EPERM unless marks are user.*.</summary>
    [TestCase("")]
    [TestCase("redirect_dir=on")]
    [TestCase("redirect_dir=follow")]
    [TestCase("redirect_dir=nofollow")]
    [TestCase("metacopy=on")]
    [TestCase("metacopy=off")]
    [TestCase("verity=on")]
    [TestCase("verity=require")]
    [TestCase("userxattr,verity=on")]
    [TestCase("index=on")]
    [TestCase("volatile")]
    [TestCase("userxattr")]
    [TestCase("userxattr,redirect_dir=nofollow")]
    [TestCase("userxattr,redirect_dir=on")]
    [TestCase("lowerdir=a::b")]
    [TestCase("lowerdir=a::b,userxattr")]
    public void Mount_InAUserNamespace_IsRefusedAsByTheKernel(string options)
    {
        ToolResult kernel = InNamespace($"mount -t overlay o -o {CliSandbox.Writable},{options} m");
        sandbox.Shell("rm -r w; mkdir w");
        ToolResult ours = InNamespace($"'{Overlayfuse.Path}' -o {CliSandbox.Writable},{options} $PWD/m");
        Assert.That(ours.ExitCode == 0, Is.EqualTo(kernel.ExitCode == 0), $"kernel: {kernel.Error}; ours: {ours.Error}");
        Assert.That(ours.Error.Contains("EPERM", StringComparison.Ordinal),
            Is.EqualTo(kernel.Error.Contains("permission denied", StringComparison.Ordinal)), ours.Error);
    }

    /// <summary>The namespace of processes takes the daemon with it.</summary>
    private ToolResult InNamespace(string command) =>
        Tool.Try("unshare", ["-Urmpf", "--kill-child", "sh", "-c", $"cd '{sandbox.Root}'; {command}"]);
}
