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
    [TestCase("unmount m")]
    [TestCase("changes m")]
    [TestCase("run --lower none -- true")]
    public void Words_OfBothPrograms_AreTheSame(string arguments)
    {
        ToolResult own = Overlayfuse.Start(sandbox.Root, arguments.Split(' '));
        Assert.That(Emulated(arguments.Split(' ')), Is.EqualTo(own));
    }

    /// <summary>The numbers of a mount by this machine's program, asked by the other: directories, descriptors and ioctls at work.</summary>
    [Test]
    public void List_MountOfTheOtherProgram_TellsTheSame()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        Assert.That(Layers(Emulated("layers", sandbox.MountPoint)), Is.EqualTo(Layers(sandbox.Start("layers", sandbox.MountPoint))));
    }

    [Test]
    public void Changes_OfAMount_AreTheSame()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        sandbox.Shell("cd m; rm file; echo x > below; mkdir -p new/deep; ln -s file link; ln -s / new/root; mv below new/moved");
        ToolResult own = sandbox.Start("changes", sandbox.MountPoint);
        Assert.That(own.Output, Is.Not.Empty);
        Assert.That(Emulated("changes", sandbox.MountPoint), Is.EqualTo(own));
    }

    /// <summary>What is measured may differ: free descriptors, the emulated kernel.</summary>
    [Test]
    public void Doctor_OfBothPrograms_AsksTheSameQuestions()
    {
        ToolResult own = sandbox.Start("doctor", "--json"), emulated = Emulated("doctor", "--json");
        Assert.That(Keys(emulated.Output), Is.EqualTo(Keys(own.Output)));
        Assert.That(emulated.Error, Is.EqualTo(own.Error));
    }

    private static string Layers(ToolResult told) => $"{told.ExitCode} {told.Output} {told.Error}";

    private static IEnumerable<string> Keys(string json) =>
        json.Split('\n').Where(line => line.Contains("\"key\"", StringComparison.Ordinal)).Select(line => line.Trim());

    private ToolResult Emulated(params string[] arguments) =>
        Tool.Try(Emulator, [sandbox.PathOf("overlayfuse"), .. arguments], sandbox.Root, timeoutSeconds: 120);

    private static string Built(string name) => Path.Combine(ProgramUnderTest.Repository, "artifacts", "bin", name + "-arm64");
}
