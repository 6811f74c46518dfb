using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Rootless;

/// <summary>libfuse's allow_root, which the kernel does not know, and auto_unmount.</summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class AccessTests(Runner runner) : RunTest(runner)
{
    /// <summary>Somebody else's id.</summary>
    private const string Other = "setpriv --reuid 1234 --regid 1234 --clear-groups sh -c";

    [SetUp]
    public void AllowOthers()
    {
        string config = Sandbox.PathOf("fuse.conf");
        File.WriteAllText(config, "user_allow_other\n");
        Bash.Run($"[ -e /etc/fuse.conf ] || touch /etc/fuse.conf; chmod 644 {config}; mount --bind {config} /etc/fuse.conf; "
            + $"chmod a+x {Sandbox.Root} {Home}");
        Shell("mkdir upper work");
    }

    [TearDown]
    public void Unmount()
    {
        _ = Bash.Try("umount view", Home);
        _ = Bash.Try("umount -l view", Home); // one that a failed test has left
        Bash.Run("umount /etc/fuse.conf; for i in $(seq 200); do rm -rf upper work && break; sleep 0.05; done", Home);
    }

    /// <summary>All is in the kernel's caches before the others ask, and it may not answer from them.</summary>
    [Test]
    public void AllowRoot_ForOthers_IsClosedAlsoWhatIsCached()
    {
        Shell("$P -o lowerdir=top:bottom,upperdir=upper,workdir=work,allow_root view; cat view/other view/sub/file; ls -lR view");
        Assert.That(Bash.Run("cat view/other; ls view/sub; touch view/new; stat -c %n view", Home), Is.EqualTo("of the top\nfile\nview\n"),
            "root");
        foreach (string question in new[] { "cat view/other", "cat view/sub/file", "ls view", "ls view/sub", "stat view/other", "cd view",
            "echo x > view/x", "getfattr -d view", "df view" })
        {
            ToolResult answer = Bash.Try($"{Other} '{question}'", Home);
            Assert.That(answer.ExitCode, Is.Not.Zero, question);
            Assert.That(answer.Output, Is.Empty, question);
        }
        Assert.That(Bash.Run($"cd view/sub; {Other} 'ls 2>&1; cat file 2>&1' || true", Home), Does.Not.Contain("of the"),
            "who was put into it");
        if (Runner == Runner.User) // of root's mount the kernel lets nobody else read anything
            Assert.That(Bash.Run($"{Other} 'cat' < view/other", Home), Is.EqualTo("of the top\n"), "an open file may be handed on");
        Assert.That(Shell("cat view/other"), Is.EqualTo("of the top\n"), "who mounts");
    }

    [Test]
    public void AllowRoot_BesideAllowOther_IsRefused()
    {
        ToolResult result = Try("$P -o lowerdir=bottom,allow_root,allow_other view");
        Assert.That((result.ExitCode, result.Error),
            Is.EqualTo((2, "overlayfuse: option allow_root: cannot stand with allow_other, as in libfuse; leave one of them out\n")));
    }

    /// <summary>Also while it is in use; the watcher goes with it.</summary>
    [TestCase("", "KILL")]
    [TestCase("-f", "KILL")]
    [TestCase("", "ABRT")]
    public void AutoUnmount_OfAKilledDaemon_LeavesNoMount(string foreground, string signal)
    {
        string start = $"$P {foreground} -o lowerdir=top:bottom,upperdir=upper,workdir=work,auto_unmount "
            + $"view{(foreground.Length > 0 ? " 2>/dev/null &" : "")}";
        string output = Shell($$"""
            {{start}}
            until mountpoint -q view; do sleep 0.02; done
            echo in use > view/new; exec 3< view/other
            kill -{{signal}} $(pgrep -o -f -- "^$P .*auto_unmount view")
            for i in $(seq 500); do grep -q " $PWD/view " /proc/self/mounts || break; sleep 0.02; done
            ls view; exec 3<&-
            """);
        Assert.That(output, Is.Empty);
        Assert.That(SpinWait.SpinUntil(() => Processes().Length == 0, 10_000), "the watcher has ended");
    }

    [Test]
    public void AutoUnmount_OfAMountThatIsCovered_LeavesTheOther()
    {
        Shell("$P -o lowerdir=bottom,auto_unmount view");
        Bash.Run("mount -t tmpfs cover view; touch view/covers", Home);
        Shell("kill -KILL $(pgrep -o -f -- \"^$P .*auto_unmount view\")"); // the watcher is the younger one
        Assert.That(SpinWait.SpinUntil(() => Processes().Length == 0, 10_000), "both have ended");
        Assert.That(Bash.Run("ls view; umount view; umount view", Home), Is.EqualTo("covers\n"));
    }

    [Test]
    public void AutoUnmount_OfADaemonThatEnds_EndsTheWatcherToo()
    {
        Shell("$P -o lowerdir=bottom,auto_unmount view");
        Assert.That(Processes(), Has.Length.EqualTo(2));
        Shell("fusermount3 -u view");
        Assert.That(SpinWait.SpinUntil(() => Processes().Length == 0, 10_000));
    }
}
