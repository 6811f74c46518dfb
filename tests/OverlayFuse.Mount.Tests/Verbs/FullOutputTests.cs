using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>Output into /dev/full, which has no space left: full(4).</summary>
internal sealed class FullOutputTests
{
    private const string Reason = "cannot be written (ENOSPC); make room there, or choose another file";

    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("--help >/dev/full", 1, "standard output")]
    [TestCase("--version >/dev/full", 1, "standard output")]
    [TestCase("options >/dev/full", 1, "standard output")]
    [TestCase("doctor --json >/dev/full", 1, "standard output")]
    [TestCase("changes m >/dev/full", 1, "standard output")]
    [TestCase("completion bash >/dev/full", 1, "standard output")]
    [TestCase("run --lower a --at x --diff -- touch x/new >/dev/full", 125, "standard output")]
    [TestCase("run --lower a --at x --diff=/dev/full -- touch x/new", 125, "--diff=/dev/full")]
    public void Output_OnAFullDisk_NamesTheThing(string words, int status, string thing)
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        ToolResult result = Bash.Try($"mkdir -p x; touch m/made; '{Overlayfuse.Path}' {words}", sandbox.Root);
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((status, $"overlayfuse: {thing}: {Reason}\n")));
    }

    [TestCase("xyzzy", 2)]
    [TestCase("layers nowhere", 1)]
    public void Complaint_OnAFullDisk_LeavesTheExitStatus(string words, int status) =>
        Assert.That(Bash.Try($"'{Overlayfuse.Path}' {words} 2>/dev/full", sandbox.Root).ExitCode, Is.EqualTo(status));
}
