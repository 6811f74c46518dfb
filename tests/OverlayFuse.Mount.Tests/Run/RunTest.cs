using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Rootless;

namespace OverlayFuse.Mount.Tests.Run;

/// <summary>Who runs the program.</summary>
internal enum Runner
{
    Root,
    User,
}

/// <summary>
/// `overlayfuse run` in a home with two layers, by root or by an ordinary user without helpers in his PATH. After each test nothing may be
/// left: no process of the program, no mount, no directory in TMPDIR, and the layers are what they were.
/// </summary>
internal abstract class RunTest(Runner runner) : AppTest
{
    private const string ShowLayers = "find bottom top | sort | xargs stat -c '%n %F %a %u %s %Y'; find bottom top -type f | sort | "
        + "xargs cat";
    private const int PatienceMilliseconds = 10_000;

    private string layers = "";

    protected Runner Runner { get; } = runner;

    protected OrdinaryUser User { get; private set; } = null!;

    protected string Home { get; private set; } = "";

    /// <summary>A copy of its own: so its processes are told from those of other tests.</summary>
    protected string Program { get; private set; } = "";

    [SetUp]
    public void MakeHome()
    {
        User = OrdinaryUser.Create();
        Program = Sandbox.PathOf("overlayfuse");
        Home = Sandbox.MakeDirectory("home");
        Bash.Run($"install -m 755 {ProgramUnderTest.Path} {Program}");
        if (Runner == Runner.User) Bash.Run($"chown {User.Name}:{User.Name} {Home}");
        Shell("""
            mkdir -p bottom/sub bottom/gone top tmp view
            echo 'of the bottom' | tee bottom/file bottom/other bottom/sub/file bottom/gone/file >/dev/null
            echo 'of the top' > top/other
            touch -d 2002-02-02 bottom/* top/*
            """);
        layers = Bash.Run(ShowLayers, Home);
    }

    [TearDown]
    public void AssertNothingIsLeft()
    {
        bool ended = SpinWait.SpinUntil(() => Processes().Length == 0, PatienceMilliseconds);
        foreach (int pid in Processes()) _ = Syscall.kill(pid, Signum.SIGKILL);
        User.Dispose();
        Assert.Multiple(() =>
        {
            Assert.That(ended, "processes of the program have ended");
            Assert.That(MountTable.Below(Sandbox.Root), Is.Empty, "mounts");
            Assert.That(SpinWait.SpinUntil(() => Left().Length == 0, PatienceMilliseconds), "left in TMPDIR: " + string.Join(' ', Left()));
            Assert.That(Bash.Run(ShowLayers, Home), Is.EqualTo(layers), "the layers");
        });
    }

    protected string[] Left() => Directory.GetFileSystemEntries(Home + "/tmp");

    /// <summary>A script by whoever runs this test's program, which is $P; TMPDIR is an empty directory.</summary>
    protected ToolResult Try(string script)
    {
        string whole = $"export P={Program} TMPDIR={Home}/tmp\n{script}";
        return Runner == Runner.Root ? Bash.Try(whole, Home, 60) : User.Try(whole, Home);
    }

    protected string Shell(string script)
    {
        ToolResult result = Try(script);
        return result.ExitCode == 0 ? result.Output
            : throw new InvalidOperationException($"exit {result.ExitCode}: {script}\n{result.Output}{result.Error}");
    }

    protected int[] Processes() =>
        [.. from directory in Directory.EnumerateDirectories("/proc")
            let name = Path.GetFileName(directory)
            where char.IsAsciiDigit(name[0]) && new FileInfo(directory + "/exe").LinkTarget == Program
            select int.Parse(name, System.Globalization.CultureInfo.InvariantCulture)];
}
