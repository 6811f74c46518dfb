using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>/proc goes away under a live mount, as between an initramfs and its system, and is missing at the start.</summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class ProcTests(Runner runner) : RunTest(runner)
{
    /// <summary>Each change makes a copy, or names a descriptor.</summary>
    private const string Work = """
        cd view
        chmod 640 file; echo more >> other; mv sub/file sub/moved; ln gone/file link; touch -d 2003-03-03 sub; rm gone/file; mkdir new
        ln -s there new/link
        truncate -s 3 link; setfattr -n user.mark -v kept new 2>&1; mkfifo new/fifo; chmod 600 new/fifo; cp -p other new/other
        touch new/gone; exec 3<> new/gone; rm new/gone; echo unlinked >&3; exec 3>&-
        getfattr --only-values -n user.mark new; find . -type f -exec stat -c '%n %a %s' {} + | sort; cat other link sub/moved
        cd ..
        """;

    [TestCase("", true)]
    [TestCase(",io=open", true)]
    [TestCase("", false)]
    public void Work_WithoutProc_IsTheSame(string options, bool isLazy)
    {
        string with = Shell(Script(options, "true")),
            without = Shell(Script(options, isLazy ? "umount -l /proc" : "mount -t tmpfs none /proc"));
        Assert.That(without, Is.EqualTo(with).And.Contain("kept"));
    }

    /// <summary>It keeps nobody from unmounting /proc, where it may make a mount of its own.</summary>
    [Test]
    public void Proc_OfRootsMount_IsNotBusy()
    {
        if (Runner == Runner.User)
            Assert.Ignore("an ordinary user's daemon has /proc as its working directory");
        Assert.That(Shell("mkdir p upper work; unshare -m sh -euc 'mount -t proc none p; chroot / true; "
            + "$P -o lowerdir=bottom,upperdir=upper,workdir=work view; umount p; readlink /proc/$(pgrep -f \"^$P .*[v]iew\")/cwd; "
            + "umount view'; sleep 0.3; rm -rf p upper work"),
            Is.EqualTo("/\n"));
    }

    [Test]
    public void Start_WithoutProc_SaysSo()
    {
        string enter = Runner == Runner.Root ? "unshare -m" : "unshare -rm";
        string output = Shell($"{enter} sh -c 'mount -t tmpfs none /proc; for words in \"-o lowerdir=bottom view\" list \"run --lower "
            + $"bottom -- true\"; do $P $words; echo $?; done' 2>&1");
        Assert.That(output, Does.Match(@"^(overlayfuse: /proc[^\n]*mount /proc[^\n]*\n\d+\n){3}$"));
    }

    /// <summary>As an ordinary user in a user namespace, whose /proc can only be covered.</summary>
    private string Script(string options, string spoil)
    {
        string enter = Runner == Runner.Root ? "unshare -m --propagation private" : "unshare -rm";
        string hide = Runner == Runner.Root || spoil == "true" ? spoil : "mount -t tmpfs none /proc";
        return $"mkdir upper work; {enter} bash -euc '$P -o lowerdir=top:bottom,upperdir=upper,workdir=work{options} "
            + $"view; {hide}; {Work.Replace("'", "'\\''", StringComparison.Ordinal)}; busybox umount view'; sleep 0.3; rm -rf upper work";
    }
}
