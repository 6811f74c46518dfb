using System.Text.RegularExpressions;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Contract;

/// <summary>Asks the kernel's overlayfs and ours for the same mount over layers that were made alike, and compares the answers.</summary>
internal abstract partial class MountCellTest
{
    /// <summary>Refused or not as in the kernel; an error that our text names is the kernel's.</summary>
    protected static void Compare(MountCell cell)
    {
        Errno kernel = AskKernel(cell);
        ToolResult ours = AskOurs(cell);
        string what = $"kernel: {kernel}; ours: exit {ours.ExitCode} {ours.Error}";
        TestContext.Out.WriteLine(what);
        bool kernelRefuses = kernel != 0;
        Assert.That(kernelRefuses, Is.EqualTo(cell.Stricter is null && (cell.Looser is not null || ours.ExitCode != 0)), what);
        Assert.That(ours.ExitCode,
            cell.Stricter is not null || (kernelRefuses && cell.Looser is null) ? Is.EqualTo(1).Or.EqualTo(2) : Is.Zero, what);
        if (ours.ExitCode == 0) return;
        Assert.That(ours.Error, Does.Contain(cell.Names));
        if (!kernelRefuses) return;
        foreach (Match named in ErrorName().Matches(ours.Error))
            Assert.That(named.Value, Is.EqualTo(kernel.ToString()), what);
    }

    private static Errno AskKernel(MountCell cell)
    {
        using var sandbox = new CliSandbox();
        return Within(sandbox, cell, options =>
        {
            int flags = cell.ReadOnly ? Libc.MS_RDONLY : 0;
            int result = Libc.mount(Libc.Bytes("overlay"), Libc.Bytes(sandbox.MountPoint), Libc.Bytes("overlay"), (ulong)flags,
                Libc.Bytes(options));
            return result == 0 ? 0 : Stdlib.GetLastError();
        });
    }

    private static ToolResult AskOurs(MountCell cell)
    {
        using var sandbox = new CliSandbox();
        return Within(sandbox, cell, options => sandbox.Start("-o", options + (cell.ReadOnly ? ",ro" : ""), sandbox.MountPoint));
    }

    private static T Within<T>(CliSandbox sandbox, MountCell cell, Func<string, T> ask)
    {
        try
        {
            sandbox.Shell(cell.Arrange.Replace("{}", sandbox.Root, StringComparison.Ordinal));
            return ask(cell.Options.Replace("{}", sandbox.Root, StringComparison.Ordinal));
        }
        finally
        {
            Tool.Try("chattr", ["-R", "-f", "-i", sandbox.PathOf("w")]);
        }
    }

    [GeneratedRegex("\\bE[A-Z]{3,}\\b")]
    private static partial Regex ErrorName();
}
