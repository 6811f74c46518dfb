using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>What older kernels do not tell, as far as strace can play them: every ioctl(2) of the program is refused.</summary>
internal sealed class OldKernelTests
{
    private const string Options = "lowerdir=d/l,upperdir=d/u,workdir=d/w,index=on";
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = new CliSandbox();
        sandbox.Shell("truncate -s 64M i; mkfs.ext4 -q i; mkdir d; mount -o loop i d; mkdir d/l d/u d/w; echo low >d/l/one; "
            + "ln d/l/one d/l/other");
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    /// <summary>ext4 before Linux 6.0: handles on disk begin with its UUID, which is found on the device.</summary>
    [Test]
    public void Index_OnAnExt4ThatTellsNoUuid_IsOneWithTheKernels([Values] bool kernelFirst)
    {
        string[] turns = [$"mount -t overlay o -o {Options} m; echo kernel >>m/one; umount m", ByOurs("echo ours >>m/other")];
        sandbox.Shell(string.Join("; ", kernelFirst ? turns : turns.Reverse()));
        sandbox.Shell($"mount -t overlay o -o {Options} m; cat m/one m/other >both; umount m");
        string lines = "low\n" + (kernelFirst ? "kernel\nours\n" : "ours\nkernel\n");
        Assert.That(File.ReadAllText(sandbox.PathOf("both")), Is.EqualTo(lines + lines));
    }

    private static string ByOurs(string script) =>
        $"strace -f -qq -o trace -e trace=ioctl -e inject=ioctl:error=ENOTTY '{Overlayfuse.Path}' -o {Options} m & " +
        $"for i in $(seq 400); do mountpoint -q m && break; sleep 0.025; done; {script}; umount m; wait; grep -q INJECTED trace";
}
