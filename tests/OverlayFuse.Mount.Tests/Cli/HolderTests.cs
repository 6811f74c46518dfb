using System.Diagnostics;
using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>
/// One upper has one daemon: whoever comes second waits for one that ends, takes over from one that nobody finds any more, or is refused.
/// </summary>
internal sealed class HolderTests
{
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    private int Daemon => Overlayfuse.Daemons(sandbox.MountPoint).Single();

    [Test]
    public void Mount_DirectoriesLockedByTheCaller_WorksAndLeavesTheLocksToIt()
    {
        sandbox.Shell($"exec 8<u 9<w; flock 8; flock -s 9; '{Overlayfuse.Path}' -o {CliSandbox.Writable} '{sandbox.MountPoint}' 8<&- "
            + $"9<&-; ! flock -n u true; flock -ns w true");
        sandbox.Shell("echo new >m/new; flock -n u true; flock -n w true");
        Assert.That(File.ReadAllText(sandbox.PathOf("u", "new")), Is.EqualTo("new\n"));
    }

    [Test]
    public void Mount_OverDirectoriesOfALiveMount_NamesItsProcessAndMountpoint()
    {
        sandbox.Shell("mkdir m2");
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        ToolResult second = sandbox.Start("-o", CliSandbox.Writable, "m2");
        Assert.That((second.ExitCode, second.Error), Is.EqualTo((1,
            $"overlayfuse: upperdir={sandbox.PathOf("u")}: in use by another overlayfuse mount (process {Daemon}, mounted "
                + $"at {sandbox.MountPoint}); " +
            $"unmount that one by 'umount {sandbox.MountPoint}' or use another directory\n")));
    }

    [Test]
    public void Mount_ThatLivesInAnotherNamespace_IsNotTakenOver()
    {
        using Process other = Process.Start("unshare",
            ["--mount", "--propagation", "private", "sh", "-c",
                $"cd '{sandbox.Root}'; '{Overlayfuse.Path}' -o {CliSandbox.Writable} '{sandbox.MountPoint}'; "
                    + "touch mounted; exec sleep 60"]);
        try
        {
            Await(() => File.Exists(sandbox.PathOf("mounted")));
            ToolResult second = sandbox.Start("-o", CliSandbox.Writable, "m");
            Assert.That(second.ExitCode, Is.EqualTo(1));
            Assert.That(second.Error,
                Does.Contain($"(process {Daemon}, mounted at {sandbox.MountPoint} of its own mount namespace); "
                    + $"unmount that one, or end it by 'kill {Daemon}',"));
        }
        finally
        {
            foreach (int daemon in Overlayfuse.Daemons(sandbox.MountPoint)) _ = Syscall.kill(daemon, Signum.SIGTERM);
            other.Kill();
            Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
        }
    }

    /// <summary>Containers are started again so: a service with a mount namespace of its own still has a copy of the old mount.</summary>
    [Test]
    public void Mount_AgainWhileTheOldOneLivesInAnotherNamespace_TakesOver()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        sandbox.Shell("echo first >m/first");
        int old = Daemon;
        using Process other = Process.Start("unshare",
            ["--mount", "--propagation", "private", "sh", "-c", $"touch '{sandbox.PathOf("copied")}'; exec sleep 60"]);
        try
        {
            Await(() => File.Exists(sandbox.PathOf("copied")));
            sandbox.Shell("umount m");

            sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);

            Assert.That(Daemon, Is.Not.EqualTo(old), "and there is only one");
            Assert.That(File.ReadAllText(sandbox.PathOf("m", "first")), Is.EqualTo("first\n"));
            ToolResult there = Tool.Try("nsenter", ["--mount", "--target", $"{other.Id}", "ls", sandbox.MountPoint]);
            Assert.That(there.Error, Does.Contain("not connected"));
        }
        finally
        {
            other.Kill();
        }
    }

    [Test]
    public void Mount_AgainWhileTheOldOneIsDetachedAndInUse_TakesOverWhatWasWritten()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        int old = Daemon;
        using (FileStream open = File.Open(sandbox.PathOf("m", "below"), FileMode.Open, FileAccess.ReadWrite))
        {
            open.Write("at last"u8);
            open.Flush();
            sandbox.Shell("umount -l m");

            sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
            Assert.That(Daemon, Is.Not.EqualTo(old), "and there is only one");
            Assert.That(File.ReadAllText(sandbox.PathOf("m", "below")), Is.EqualTo("at last"));
        }
    }

    /// <summary>Longer than an end usually takes: after a second it is looked at.</summary>
    [Test]
    public void Mount_AgainWhileTheOldDaemonIsSlow_WaitsForItsEnd()
    {
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        int old = Daemon;
        sandbox.Shell($"kill -STOP {old}; umount m; (sleep 2.5; kill -CONT {old}) >/dev/null 2>&1 &");
        sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
        Assert.That(Overlayfuse.Daemons(sandbox.MountPoint).Where(id => id != old), Has.Exactly(1).Items,
            "the old one may still be on its way out");
    }

    [Test]
    public void Mount_ManyAtOnceOfOneUpper_OneWins()
    {
        string[] places = [.. Enumerable.Range(0, 6).Select(i => sandbox.MakeDirectory("m" + i))];
        ToolResult[] results = new ToolResult[places.Length];
        Parallel.For(0, places.Length, new ParallelOptions { MaxDegreeOfParallelism = places.Length },
            i => results[i] = sandbox.Start("-o", CliSandbox.Writable, places[i]));
        Assert.That(results.Count(result => result.ExitCode == 0), Is.EqualTo(1), string.Concat(results.Select(result => result.Error)));
        Assert.That(results.Where(result => result.ExitCode != 0).Select(result => result.Error),
            Is.All.Contains("in use by another overlayfuse mount"));
    }

    [Test]
    public void Mount_OfTheKernelBetween_FindsNothingOfOurs()
    {
        for (int i = 0; i < 2; i++)
        {
            sandbox.Mount("-o", CliSandbox.Writable, sandbox.MountPoint);
            sandbox.Shell($"rm -f m/below; echo {i} >m/file; umount m");
            Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
            sandbox.Shell($"ls -A w >entries; mount -t overlay o -o {CliSandbox.Writable} m; [ $(cat m/file) = {i} ]; [ ! -e m/below ]; "
                + $"echo k >>m/file; umount m");
            Assert.That(File.ReadAllText(sandbox.PathOf("entries")), Is.EqualTo("work\n"));
        }
    }

    private static void Await(Func<bool> condition)
    {
        for (int i = 0; i < 400 && !condition(); i++) Thread.Sleep(25);
        Assert.That(condition());
    }
}
