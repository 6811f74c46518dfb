using System.Diagnostics;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>A mount's life: live when the program returns, gone without a trace when it is told to end.</summary>
internal sealed class LifeTests
{
    private const int Patience = 10_000;
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [Test]
    public void Mount_InTheBackground_AnswersAsSoonAsTheProgramReturns()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "file")), Is.EqualTo("of a"));
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "below")), Is.EqualTo("of b"));
    }

    [Test]
    public void Mount_InTheBackground_KeepsNothingOfItsStarter()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        int daemon = Overlayfuse.Daemons(sandbox.MountPoint).Single();
        string[] standard = [.. Enumerable.Range(0, 3).Select(fd => new FileInfo($"/proc/{daemon}/fd/{fd}").LinkTarget!)];
        Assert.Multiple(() =>
        {
            Assert.That(standard, Is.All.EqualTo("/dev/null"));
            Assert.That(new FileInfo($"/proc/{daemon}/cwd").LinkTarget, Is.EqualTo("/"));
            Assert.That(Syscall.getpgid(daemon), Is.EqualTo(daemon), "leads a group of its own");
        });
    }

    [Test]
    public void Mount_WithItsOutputInAPipe_LetsTheReaderSeeTheEnd() =>
        Assert.That(Tool.Try("sh", ["-c", $"'{Overlayfuse.Path}' -o {CliSandbox.Writable} m 2>&1 | cat"], sandbox.Root, 10).Output,
            Is.Empty);

    [Test]
    public void Mount_WithClosedStandardDescriptors_Works()
    {
        sandbox.Shell($"'{Overlayfuse.Path}' -o {CliSandbox.Writable} m <&- >&- 2>&-");
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "file")), Is.EqualTo("of a"));
    }

    [TestCase(Signum.SIGTERM)]
    [TestCase(Signum.SIGINT)]
    [TestCase(Signum.SIGHUP)]
    public void Signal_ToTheForeground_UnmountsAndExitsZero(Signum signal)
    {
        using Process program = Overlayfuse.StartInForeground(sandbox.Root, "-f", "-o", CliSandbox.Writable, sandbox.MountPoint);
        Overlayfuse.AwaitMount(sandbox.MountPoint);
        File.WriteAllText(sandbox.PathOf("m", "file"), "changed");

        Syscall.kill(program.Id, signal);

        AssertCleanEnd(program);
        Assert.That(File.ReadAllText(sandbox.PathOf("u", "file")), Is.EqualTo("changed"));
    }

    [Test]
    public void Signal_WithFilesOpen_UnmountsAndExitsZero()
    {
        using Process program = Overlayfuse.StartInForeground(sandbox.Root, "-f", "-o", CliSandbox.Writable, sandbox.MountPoint);
        Overlayfuse.AwaitMount(sandbox.MountPoint);
        using FileStream open = File.OpenWrite(sandbox.PathOf("m", "file"));
        Syscall.kill(program.Id, Signum.SIGTERM);
        AssertCleanEnd(program);
    }

    [TestCase("umount m")]
    [TestCase("fusermount3 -u m")]
    [TestCase("umount -l m")]
    public void Unmount_ByOthers_EndsTheDaemonAndCleansUp(string command)
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        File.Delete(sandbox.PathOf("m", "file"));
        sandbox.Shell(command);
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        Assert.That(MountTable.Below(sandbox.Root), Is.Empty);
        AssertWorkIsEmpty();
    }

    [Test]
    public void Unmount_LazilyWithAFileOpen_ServesItUntilItIsClosed()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        using (FileStream open = File.Open(sandbox.PathOf("m", "below"), FileMode.Open, FileAccess.ReadWrite))
        {
            sandbox.Shell("umount -l m");
            open.Write("at last"u8);
            open.Flush(flushToDisk: true);
            Assert.That(Overlayfuse.Daemons(sandbox.MountPoint), Has.Length.EqualTo(1));
        }
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        Assert.That(File.ReadAllText(sandbox.PathOf("u", "below")), Is.EqualTo("at last"));
    }

    [TestCase("lowerdir=a:b,upperdir=u,workdir=w2", "upperdir={}/u: in use by another overlayfuse mount")]
    [TestCase("lowerdir=a:b,upperdir=u2,workdir=w", "workdir={}/w: in use by another overlayfuse mount")]
    [TestCase("lowerdir=a:b,upperdir=w,workdir=w2", "upperdir={}/w: in use by another overlayfuse mount")]
    public void Mount_OverDirectoriesOfALiveMount_IsRefused(string options, string text)
    {
        sandbox.Shell("mkdir u2 w2 m2");
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        ToolResult second = sandbox.Start("-o", options, "m2");
        Assert.That(second.ExitCode, Is.EqualTo(1));
        Assert.That(second.Error, Does.Contain(text.Replace("{}", sandbox.Root, StringComparison.Ordinal)).And.Contain("unmount that one"));
        Assert.That(File.ReadAllText(sandbox.PathOf("m", "file")), Is.EqualTo("of a"));
    }

    /// <summary>
    /// umount(8) does not wait for the daemon; here it still holds the upper when the next mount begins, for it is stopped.
    /// </summary>
    [Test]
    public void Mount_RightAfterUmount_WaitsForTheDaemonToEnd()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        int daemon = Overlayfuse.Daemons(sandbox.MountPoint).Single();
        sandbox.Shell($"kill -STOP {daemon}; umount m; (sleep 0.1; kill -CONT {daemon}) >/dev/null 2>&1 &");

        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);

        Assert.That(Overlayfuse.Daemons(sandbox.MountPoint), Has.None.EqualTo(daemon));
    }

    [Test]
    public void Mount_AfterTheDaemonWasKilled_TakesOverItsDirectories()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        File.WriteAllText(sandbox.PathOf("m", "file"), "kept");
        Syscall.kill(Overlayfuse.Daemons(sandbox.MountPoint).Single(), Signum.SIGKILL);
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        ToolResult onDeadMount = sandbox.Start("-o", CliSandbox.Writable, sandbox.MountPoint);
        sandbox.Shell("umount m; mkdir w/work/left; echo left >w/work/left/over");

        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);

        Assert.Multiple(() =>
        {
            Assert.That(onDeadMount.ExitCode, Is.EqualTo(1));
            Assert.That(onDeadMount.Error, Does.Contain($"mountpoint={sandbox.MountPoint}").And.Contain("umount"));
            Assert.That(File.ReadAllText(sandbox.PathOf("m", "file")), Is.EqualTo("kept"));
            AssertWorkIsEmpty();
        });
    }

    /// <summary>A second after the start the program gives the pages of its code back, beside whatever runs just then.</summary>
    [Test]
    public void Serve_BusyWhenTheStartIsForgotten_GoesOn()
    {
        sandbox.Shell("for i in $(seq 3000); do echo lower >a/$i; ln -s target a/link$i; done");
        sandbox.Mount("-o", CliSandbox.Writable + ",volatile", sandbox.MountPoint);
        int daemon = Overlayfuse.Daemons(sandbox.MountPoint).Single();
        sandbox.Shell("end=$(($(date +%s) + 3)); i=0; while [ $(date +%s) -lt $end ] && [ $i -lt 3000 ]; do i=$((i + 1)); "
            + "echo upper >>m/$i; mv m/link$i m/moved$i; done; test $(cat m/1 | wc -l) = 2");
        Assert.That(Overlayfuse.Daemons(sandbox.MountPoint), Is.EqualTo(new[] { daemon }));
    }

    [Test]
    public void Debug_Asked_TracesRequestsAndFeatures()
    {
        using Process program = Overlayfuse.StartInForeground(sandbox.Root, "-d", "-o", CliSandbox.Writable, sandbox.MountPoint);
        Task<string> trace = program.StandardError.ReadToEndAsync();
        Overlayfuse.AwaitMount(sandbox.MountPoint);
        Tool.Run("cat", sandbox.PathOf("m", "file"));
        sandbox.Shell("umount m");
        Assert.That(program.WaitForExit(Patience));
        Assert.That(trace.Result, Does.Contain("Init").And.Contain("ParallelDirOps").And.Contain("Lookup").And.Contain("Open"));
    }

    [TestCase("--help", "lowerdir=TOP")]
    [TestCase("-h", "lowerdir=TOP")]
    [TestCase("--version", "overlayfuse ")]
    [TestCase("-V", "overlayfuse ")]
    [TestCase("options", "max_layers=N")]
    public void Question_Asked_IsAnsweredOnStandardOutput(string word, string answer)
    {
        ToolResult result = sandbox.Start(word);
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        Assert.That(result.Output, Does.Contain(answer));
    }

    [TestCase("--help", "overlayfuse [<[SOURCE] MOUNTPOINT>...] [command] [options]", true)]
    [TestCase("options --help", "overlayfuse options [options]", false)]
    [TestCase("run --help", "overlayfuse run [options]", false)]
    [TestCase("hold --help", "overlayfuse hold [options]", false)]
    [TestCase("changes --help", "overlayfuse changes <MOUNTPOINT> [options]", true)]
    [TestCase("refresh --help", "overlayfuse refresh <MOUNTPOINT> [options]", true)]
    [TestCase("doctor --help", "overlayfuse doctor [options]", false)]
    [TestCase("layers --help", "overlayfuse layers <MOUNTPOINT> [options]", true)]
    [TestCase("add-layer --help", "overlayfuse add-layer <MOUNTPOINT> <DIR> [options]", true)]
    [TestCase("list --help", "overlayfuse list [options]", false)]
    [TestCase("unmount --help", "overlayfuse unmount [<MOUNTPOINT>...] [options]", true)]
    public void Help_OfAVerb_ShowsItsOwnArguments(string words, string usage, bool hasArguments)
    {
        string help = sandbox.Start(words.Split(' ')).Output;
        Assert.That(help, Does.Contain($"\nUsage:\n  {usage}\n"));
        Assert.That(help.Contains("\nArguments:\n", StringComparison.Ordinal), Is.EqualTo(hasArguments));
        Assert.That(help.Contains("SOURCE", StringComparison.Ordinal), Is.EqualTo(words == "--help"));
    }

    [TestCase(20)]
    [TestCase(1000, Category = "Soak")]
    public void Mount_ManyTimesInARow_LeavesNothingBehind(int times)
    {
        for (int i = 0; i < times; i++)
        {
            sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
            File.WriteAllText(sandbox.PathOf("m", "file"), $"{i}");
            sandbox.Shell("umount m");
            Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        }
        Assert.That(MountTable.Below(sandbox.Root), Is.Empty);
        Assert.That(File.ReadAllText(sandbox.PathOf("u", "file")), Is.EqualTo($"{times - 1}"));
        AssertWorkIsEmpty();
    }

    private void AssertCleanEnd(Process program)
    {
        Assert.That(program.WaitForExit(Patience), "ended");
        Assert.Multiple(() =>
        {
            Assert.That(program.ExitCode, Is.Zero);
            Assert.That(program.StandardError.ReadToEnd(), Is.Empty);
            Assert.That(MountTable.Below(sandbox.Root), Is.Empty);
            AssertWorkIsEmpty();
        });
    }

    /// <summary>Nothing but the directory that the kernel's overlayfs leaves there, too.</summary>
    private void AssertWorkIsEmpty() =>
        Assert.That(Directory.EnumerateFileSystemEntries(sandbox.PathOf("w"), "*", SearchOption.AllDirectories),
            Is.SubsetOf(new[] { sandbox.PathOf("w", "work") }));
}
