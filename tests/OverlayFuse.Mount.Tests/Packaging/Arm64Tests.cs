using System.Text.Json;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Packaging;

/// <summary>
/// The arm64 program under qemu-user on another machine (`make test-arm64`): it says what this machine's own program says. Nothing is
/// mounted by it, because the kernel's requests would have the numbers of this machine.
/// </summary>
[Category("Arm64")]
internal sealed class Arm64Tests
{
    private const string Emulator = "qemu-aarch64-static";

    /// <summary>arm64 kernels have pages of 4, 16 or 64 KiB.</summary>
    private const long LargestPage = 64 << 10;

    private CliSandbox sandbox = null!;

    [SetUp]
    public void Install()
    {
        if (!Tool.Exists(Emulator)) Assert.Ignore($"{Emulator} is missing: apt-get install qemu-user-static");
        foreach (string name in new[] { "overlayfuse", "overlayfuse-tools" })
        {
            if (!File.Exists(Built(name))) Assert.Ignore($"{Built(name)} is missing: make publish-arm64");
        }
        sandbox = new CliSandbox();
        File.Copy(Built("overlayfuse"), sandbox.PathOf("overlayfuse"));
    }

    [TearDown]
    public void RemoveSandbox() => sandbox?.Dispose();

    [TestCase("overlayfuse")]
    [TestCase("overlayfuse-tools")]
    public void Program_InElf_IsStaticAndForPagesOf64KiB(string name)
    {
        var program = new Elf(Built(name));
        Assert.That((program.Machine, program.HasInterpreter, program.Libraries), Is.EqualTo((Elf.Arm64, false, 0)));
        Assert.That(program.LargestPage, Is.GreaterThanOrEqualTo(LargestPage));
    }

    [TestCase("--version")]
    [TestCase("--help")]
    [TestCase("options")]
    [TestCase("run --help")]
    [TestCase("hold --help")]
    [TestCase("changes --help")]
    [TestCase("list")]
    [TestCase("list --json")]
    [TestCase("m")]
    [TestCase("-o lowerdir=a:none m")]
    [TestCase("-o lowerdir=a:b,upperdir=u m")]
    [TestCase("-o lowerdir=a:a/.. m")]
    [TestCase("-o lowerdir=a,upperdir=u,workdir=u m")]
    [TestCase("-o lowerdir=a,nosuch=1 m")]
    [TestCase("-o lowerdir=a nowhere")]
    [TestCase("run --lower none -- true")]
    public void Words_OfBothPrograms_AreTheSame(string arguments)
    {
        ToolResult own = Overlayfuse.Start(sandbox.Root, arguments.Split(' '));
        Assert.That(Emulated(arguments.Split(' ')), Is.EqualTo(own));
    }

    /// <summary>
    /// Opens directories and files in every way, lists them, marks them. unshare(2) of a user namespace is left out: it needs a process of
    /// one thread, and the emulator has more.
    /// </summary>
    [Test]
    public void Doctor_OfBothPrograms_FindsTheSame()
    {
        string[] found = Statuses(sandbox.Start("doctor", "--json"));
        Assert.That(found, Has.Member("upper yes"));
        Assert.That(Statuses(Emulated("doctor", "--json")), Is.EqualTo(found));
    }

    private static string[] Statuses(ToolResult told)
    {
        Assert.That((told.ExitCode, told.Error), Is.EqualTo((0, "")));
        return [.. JsonDocument.Parse(told.Output).RootElement.EnumerateArray()
            .Select(row => $"{row.GetProperty("key").GetString()} {row.GetProperty("status").GetString()}")
            .Where(row => !row.Contains("user-namespace", StringComparison.Ordinal))];
    }

    private ToolResult Emulated(params string[] arguments) =>
        Tool.Try(Emulator, [sandbox.PathOf("overlayfuse"), .. arguments], sandbox.Root, timeoutSeconds: 120);

    private static string Built(string name) => Path.Combine(ProgramUnderTest.Repository, "artifacts", "bin", name + "-arm64");
}
