using System.Diagnostics;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>
/// `overlayfuse unmount`: when it comes back with 0 the daemon has ended and the upper is complete; else it says why not.
/// </summary>
internal sealed class UnmountTests
{
    private const string Large = "head -c 64M /dev/urandom > b/large; cp b/large expected; echo -n x | "
        + "dd of=expected conv=notrunc status=none";

    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox()
    {
        foreach (int pid in Overlayfuse.Daemons(sandbox.MountPoint)) _ = Syscall.kill(pid, Signum.SIGCONT);
        sandbox.Dispose();
    }

    /// <summary>umount(8) comes back before that: then the copy is not in the upper yet.</summary>
    [Test]
    public void Unmount_RightAfterAWriteToALargeFile_UpperIsComplete()
    {
        sandbox.Shell(Large);
        sandbox.Mount("-o", CliSandbox.Writable + ",copyup=incremental", sandbox.MountPoint);
        sandbox.Shell("echo -n x | dd of=m/large conv=notrunc status=none");

        AssertUnmounted(sandbox.Start("unmount", "m"));

        Assert.That(Overlayfuse.Daemons(sandbox.MountPoint), Is.Empty);
        sandbox.Shell("cmp u/large expected; test -z \"$(ls -A w/work)\"");
    }

    [Test]
    public void Unmount_ShorterThanTheCopyTakes_SaysThatItStillWrites()
    {
        sandbox.Shell(Large.Replace("-c 64M /dev/urandom", "-c 800M /dev/zero", StringComparison.Ordinal));
        sandbox.Mount("-o", CliSandbox.Writable + ",copyup=incremental", sandbox.MountPoint);
        sandbox.Shell("echo -n x | dd of=m/large conv=notrunc status=none");
        int daemon = Overlayfuse.Daemons(sandbox.MountPoint).Single();

        AssertRefused(sandbox.Start("unmount", "--timeout", "0", "m"),
            $"m: unmounted, but its daemon still writes after 0 s; its upper is complete when process {daemon} has ended (--timeout waits "
                + $"longer)");

        Assert.That(MountTable.IsMountpoint(sandbox.MountPoint), Is.False);
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        sandbox.Shell("cmp u/large expected");
    }

    [TestCase("m/")]
    [TestCase("./m/../m")]
    [TestCase("link")]
    public void Unmount_NamedInAnotherWay_IsTheSameMount(string name)
    {
        sandbox.Shell("ln -s m link");
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        AssertUnmounted(sandbox.Start("unmount", name));
    }

    [TestCase("cd m; exec sleep 60", "sleep ({0}: works in {1}/m)")]
    [TestCase("exec sleep 60 < m/below", "sleep ({0}: has {1}/m/below open)")]
    public void Unmount_InUse_NamesWhoAndTheRemedy(string use, string who)
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        using Process user = StartUser(use);
        string named = who.Replace("{0}", $"{user.Id}", StringComparison.Ordinal).Replace("{1}", sandbox.Root, StringComparison.Ordinal);

        AssertRefused(sandbox.Start("unmount", "m"),
            $"m: is in use by {named}; end what uses it, or let it go when it is no longer used: overlayfuse unmount --lazy m");

        Assert.That(MountTable.IsMountpoint(sandbox.MountPoint));
        user.Kill();
        user.WaitForExit();
        AssertUnmounted(sandbox.Start("unmount", "m"));
    }

    [Test]
    public void Unmount_MountsInIt_NamesThem()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        sandbox.Shell("mkdir m/inner; mount -t tmpfs inner m/inner");
        AssertRefused(sandbox.Start("unmount", "m"),
            $"m: is in use by mounts in it ({sandbox.PathOf("m", "inner")}); end what uses it, or ");
    }

    [Test]
    public void UnmountLazy_InUse_FreesTheNameAndTheDaemonEndsWithTheUser()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        int daemon = Overlayfuse.Daemons(sandbox.MountPoint).Single();
        using Process user = StartUser("cd m; exec sleep 60");

        ToolResult result = sandbox.Start("unmount", "--lazy", "m");

        Assert.That((result.ExitCode, MountTable.IsMountpoint(sandbox.MountPoint)), Is.EqualTo((0, false)));
        Assert.That(result.Error,
            Is.EqualTo($"overlayfuse: m: detached, still used by sleep ({user.Id}: works in {sandbox.MountPoint}); "
                + $"its upper is complete when process {daemon} has ended\n"));
        Assert.That(DaemonProcess.Runs(daemon), "while it is used");
        user.Kill();
        user.WaitForExit();
        DaemonProcess.AssertEnded([daemon], "the last user's end");
    }

    [Test]
    public void UnmountLazy_NotInUse_WaitsAsWithout()
    {
        sandbox.Shell(Large);
        sandbox.Mount("-o", CliSandbox.Writable + ",copyup=incremental", sandbox.MountPoint);
        sandbox.Shell("echo -n x | dd of=m/large conv=notrunc status=none");
        AssertUnmounted(sandbox.Start("unmount", "--lazy", "m"));
        sandbox.Shell("cmp u/large expected");
    }

    [Test]
    public void Unmount_StillInAnotherMountNamespace_SaysWhose()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        using Process user = StartUser("exec unshare -m --propagation private sleep 60", "sleep");

        ToolResult result = sandbox.Start("unmount", "m");

        AssertRefused(result,
            $"m: unmounted here, but it is still mounted in the mount namespace of sleep ({user.Id}); its upper is complete when process ");
        user.Kill();
        user.WaitForExit();
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
    }

    [Test]
    public void Unmount_BoundElsewhere_SaysWhere()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        sandbox.Shell("mkdir n; mount --bind m n");
        AssertRefused(sandbox.Start("unmount", "m"),
            $"m: unmounted, but it is mounted at {sandbox.PathOf("n")}, too; its upper is complete when that is unmounted");
        AssertUnmounted(sandbox.Start("unmount", "n"));
        Assert.That(Overlayfuse.Daemons(sandbox.MountPoint), Is.Empty);
    }

    [Test]
    public void Unmount_DaemonKilled_TakesTheLeftOverMountAway()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        DaemonProcess.Signal(Overlayfuse.Daemons(sandbox.MountPoint), Signum.SIGKILL);
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        AssertUnmounted(sandbox.Start("unmount", "m"));
    }

    [Test]
    public void Unmount_DaemonStopped_WaitsAsLongAsItMay()
    {
        int[] daemons = StopDaemon();
        AssertRefused(sandbox.Start("unmount", "--timeout", "3", "m"),
            "m: its daemon does not answer; waiting for it\noverlayfuse: m: its daemon has not answered in 3 s; "
                + "if it is stopped (T in ps -C overlayfuse), kill -CONT it, or let it go: ");
        Assert.That(MountTable.IsMountpoint(sandbox.MountPoint));
        DaemonProcess.Signal(daemons, Signum.SIGCONT);
        AssertUnmounted(sandbox.Start("unmount", "m"));
    }

    [Test]
    public void Unmount_DaemonStoppedForAWhile_SucceedsWhenItAnswers()
    {
        int[] daemons = StopDaemon();
        using Timer goOn = new(_ => DaemonProcess.Signal(daemons, Signum.SIGCONT), null, 3000, Timeout.Infinite);
        ToolResult result = sandbox.Start("unmount", "m");
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "overlayfuse: m: its daemon does not answer; waiting for it\n")));
        Assert.That(Overlayfuse.Daemons(sandbox.MountPoint), Is.Empty);
    }

    [Test]
    public void UnmountLazy_DaemonStopped_FreesTheName()
    {
        int[] daemons = StopDaemon();
        AssertRefused(sandbox.Start("unmount", "--lazy", "m"),
            "m: unmounted, but its daemon could not be asked who it is; its upper is complete when that has ended");
        Assert.That(MountTable.IsMountpoint(sandbox.MountPoint), Is.False);
        DaemonProcess.Signal(daemons, Signum.SIGCONT);
        DaemonProcess.AssertEnded(daemons, "it went on");
    }

    [Test]
    public void Unmount_SeveralOfWhichOneIsNone_UnmountsTheOthers()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        AssertRefused(sandbox.Start("unmount", "a", "m"), "a: no overlayfuse mount is there; see 'overlayfuse list'");
        Assert.That(MountTable.IsMountpoint(sandbox.MountPoint), Is.False);
    }

    [TestCase("unmount none", 1, "none: cannot be looked at (ENOENT); ")]
    [TestCase("unmount", 2, "unmount: name the mountpoints, or write --all")]
    [TestCase("unmount --all m", 2, "unmount: name the mountpoints, or write --all")]
    [TestCase("unmount --timeout -1 m", 2, "unmount: --timeout: a negative time; ")]
    public void Unmount_WordsThatCannotBe_AreRefused(string words, int status, string text)
    {
        ToolResult result = sandbox.Start(words.Split(' '));
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((status, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: " + text));
    }

    private void AssertUnmounted(ToolResult result)
    {
        Assert.That((result.ExitCode, result.Output, result.Error), Is.EqualTo((0, "", "")));
        Assert.That(MountTable.IsMountpoint(sandbox.MountPoint), Is.False);
    }

    private static void AssertRefused(ToolResult result, string text)
    {
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((1, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: " + text));
    }

    /// <summary>Of a mount that is made here. It goes on by SIGCONT, at the latest after the test.</summary>
    private int[] StopDaemon()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        int[] daemons = Overlayfuse.Daemons(sandbox.MountPoint);
        DaemonProcess.Signal(daemons, Signum.SIGSTOP);
        return daemons;
    }

    /// <summary>Starts a shell that becomes another program, and waits until it is that.</summary>
    private Process StartUser(string script, string becomes = "sleep")
    {
        Process user = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { WorkingDirectory = sandbox.Root })!;
        Assert.That(SpinWait.SpinUntil(() => File.ReadAllText($"/proc/{user.Id}/comm").TrimEnd() == becomes, 10_000), $"{script} runs");
        return user;
    }
}
