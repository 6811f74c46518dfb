using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>`overlayfuse bugreport`: one file that tells enough, and nothing about a person.</summary>
internal sealed class BugReportTests
{
    /// <summary>Each tells something that is nobody's business; none may be in the file.</summary>
    private static readonly string[] Telltale = ["wombat", "salaries", "divorce", "quokka", "numbat"];

    private CliSandbox sandbox = null!;
    private string home = null!;
    private string mountPoint = null!;

    [SetUp]
    public void MakeMount()
    {
        sandbox = new CliSandbox();
        home = sandbox.MakeDirectory("wombat home");
        foreach (string name in new[] { "salaries 2026", "divorce", "upper-quokka", "work-quokka", "numbat" })
            sandbox.MakeDirectory("wombat home", name);
        File.WriteAllText(Path.Combine(home, "divorce", "wombat.txt"), "");
        mountPoint = Path.Combine(home, "numbat");
    }

    [TearDown]
    public void RemoveMount()
    {
        foreach (int pid in Overlayfuse.Daemons(mountPoint))
            _ = Syscall.kill(pid, Signum.SIGKILL);
        Bash.Run($"umount -l '{mountPoint}' 2>/dev/null || true");
        sandbox.Dispose();
        Overlayfuse.AwaitNoDaemon(mountPoint);
    }

    [Test]
    public void BugReport_OfAMountWithTelltaleNames_HoldsNoneOfThem()
    {
        Mount();
        string report = Report();
        Assert.Multiple(() =>
        {
            foreach (string name in Telltale.Append(Environment.MachineName).Append(sandbox.Root))
                Assert.That(report, Does.Not.Contain(name).IgnoreCase);
            Assert.That(report, Does.Contain("mountpoint: MOUNTPOINT1\n").And.Contain("\nupper: UPPER1: "));
            Assert.That(report, Does.Contain("\nlower: LAYER1.2: ").And.Contain("\nlower: LAYER1.3: "));
        });
    }

    /// <summary>An unset variable in quotes.</summary>
    [TestCase("bugreport: MOUNTPOINT is an empty word", "bugreport", "")]
    [TestCase("snapshotter: ADDRESS is an empty word", "snapshotter", "", "root")]
    [TestCase("snapshotter: ROOT is an empty word", "snapshotter", "socket", "")]
    public void Tools_WithAnEmptyWord_NameIt(string text, params string[] words)
    {
        ToolResult result = sandbox.Start(words);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((2, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: " + text));
    }

    [Test]
    public void BugReport_OfALiveMount_TellsVersionsDoctorOptionsAndLayers()
    {
        Mount();
        string report = Report();
        string type = Bash.Run($"findmnt -no FSTYPE -T '{home}'").Trim();
        Assert.Multiple(() =>
        {
            Assert.That(report, Does.Contain("\nprogram: overlayfuse ").And.Contain("\ntools: overlayfuse-tools "));
            Assert.That(report, Does.Contain($"\nkernel: {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}\n"));
            Assert.That(report, Does.Contain("\ndev-fuse: yes"));
            Assert.That(report, Does.Contain("\noptions: lowerdir=...,upperdir=...,workdir=...,index=on\n"));
            Assert.That(report, Does.Match(@"\nstatistics: io=stateless, 3 layers, up \d+ s, \d+ bytes, \d+ copied up, \d+ inodes\n"));
            Assert.That(report, Does.Match($@"\nupper: UPPER1: {type}; blocks of \d+ bytes: \d+, free \d+; files: \d+, free \d+\n"));
        });
    }

    /// <summary>The daemon in the background has no other log.</summary>
    [Test]
    public void BugReport_AfterARefusedLayer_HasTheEvent()
    {
        Mount();
        Assert.That(Overlayfuse.Start(home, "add-layer", mountPoint, Path.Combine(home, "divorce")).ExitCode, Is.EqualTo(1));
        Assert.That(Report(), Does.Match(@"\nevent: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ add-layer: refused \(E[A-Z]+\)\n"));
    }

    [Test]
    public void BugReport_OfADeadMount_SaysSo()
    {
        Mount();
        foreach (int pid in Overlayfuse.Daemons(mountPoint))
            _ = Syscall.kill(pid, Signum.SIGKILL);
        Overlayfuse.AwaitNoDaemon(mountPoint);
        Assert.That(Report(), Does.Contain("\nstate: dead\n"));
    }

    [Test]
    public void BugReport_OfAMountThatDoesNotAnswer_SaysSoInTime()
    {
        Mount();
        int[] daemons = Overlayfuse.Daemons(mountPoint);
        DaemonProcess.Signal(daemons, Signum.SIGSTOP);
        try
        {
            Assert.That(Report(), Does.Contain("\nstate: silent\n"));
        }
        finally
        {
            DaemonProcess.Signal(daemons, Signum.SIGCONT);
        }
    }

    [Test]
    public void BugReport_IntoAFile_IsForTheOwnerAndNeverOverwrites()
    {
        Mount();
        string file = sandbox.PathOf("report.txt");
        ToolResult first = Overlayfuse.Start(sandbox.Root, "bugreport", mountPoint, "-o", "report.txt");
        Assert.That((first.ExitCode, first.Error), Is.EqualTo((0, "")));
        Assert.That(first.Output, Does.StartWith("report.txt: look through it"));
        Assert.That(Tool.Run("stat", "-c", "%a", file), Is.EqualTo("600\n"));
        ToolResult second = Overlayfuse.Start(sandbox.Root, "bugreport", mountPoint, "-o", "report.txt");
        Assert.That((second.ExitCode, second.Error),
            Is.EqualTo((1, "overlayfuse: report.txt: is there already; remove it, or name another file by -o FILE\n")));
    }

    [Test]
    public void BugReport_OfNoMount_NamesTheRemedy()
    {
        ToolResult result = Overlayfuse.Start(sandbox.Root, "bugreport", "a", "-o", "-");
        Assert.That((result.ExitCode, result.Error),
            Is.EqualTo((1, "overlayfuse: a: no overlayfuse mount of yours is there; name a mountpoint as 'overlayfuse list' shows it\n")));
    }

    private void Mount()
    {
        ToolResult mounted = Overlayfuse.Start(home,
            "-o", "lowerdir=salaries 2026:divorce,upperdir=upper-quokka,workdir=work-quokka,index=on", mountPoint);
        Assert.That((mounted.ExitCode, mounted.Error), Is.EqualTo((0, "")));
    }

    private string Report()
    {
        ToolResult result = Tool.Try("env",
            ["HOME=" + home, "USER=wombat", Overlayfuse.Path, "bugreport", mountPoint, "-o", "-"], sandbox.Root);
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        return result.Output;
    }
}
