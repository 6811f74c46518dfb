using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Kernels;

/// <summary>
/// The oldest kernel that the program promises to run on, booted in an emulator. `make test-kernels` runs more tests on more kernels.
/// </summary>
[TestFixture, Category("Kernels")]
internal sealed class OldestKernelTests
{
    private const string Emulator = "qemu-system-x86_64";

    /// <summary>The scripts in tests/kernels/guest/tests whose names begin so: mounts, interchange, verbs.</summary>
    private const string Scripts = "[135]";

    /// <summary>An emulator on a busy machine is slow; only a hang takes so long.</summary>
    private const int LimitSeconds = 1080;

    [TestCase("5.10")]
    public void Guest_OfTheOldestKernel_PassesItsTests(string kernel)
    {
        if (Environment.UserName != "root") Assert.Ignore("the disk of a guest is made by root");
        if (!Tool.Exists(Emulator)) Assert.Fail($"{Emulator} is missing: apt-get install qemu-system-x86");
        string run = Path.Combine(ProgramUnderTest.Repository, "tests", "kernels", "run");
        ToolResult result = Tool.Try("env", [$"ONLY={Scripts}", $"LIMIT={LimitSeconds}", run, kernel], timeoutSeconds: LimitSeconds + 60);
        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
    }
}
