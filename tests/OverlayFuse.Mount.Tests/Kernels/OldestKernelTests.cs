using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Kernels;

/// <summary>
/// The oldest kernel that the program promises to run on, booted in an emulator. `make test-kernels` runs more tests on more kernels.
/// </summary>
[TestFixture, Category("Kernels")]
internal sealed class OldestKernelTests
{
    private const string Kernel = "5.10", Emulator = "qemu-system-x86_64";

    /// <summary>An emulator on a busy machine is slow; only a hang takes so long.</summary>
    private const int LimitSeconds = 1080;

    /// <summary>Numbers of the scripts in tests/kernels/guest/tests.</summary>
    [TestCase("10")]
    [TestCase("30")]
    [TestCase("50")]
    public void Guest_OfTheOldestKernel_PassesItsTests(string script)
    {
        if (Environment.UserName != "root") Assert.Ignore("the disk of a guest is made by root");
        if (!Tool.Exists(Emulator)) Assert.Fail($"{Emulator} is missing: apt-get install qemu-system-x86");
        string run = Path.Combine(ProgramUnderTest.Repository, "tests", "kernels", "run");
        ToolResult result = Tool.Try("env", [$"ONLY={script}", $"LIMIT={LimitSeconds}", run, Kernel], timeoutSeconds: LimitSeconds + 60);
        Assert.That(result.ExitCode, Is.Zero, result.Output + result.Error);
    }
}
