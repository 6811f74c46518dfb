using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Peers;

/// <summary>Files that came out with other bytes, and programs that waited for ever.</summary>
[TestFixture, Category("Peers")]
internal sealed class ContentTests : PeersTest
{
    /// <summary>What a crashed run leaves in the work directory may have any name, so it must not be written into.</summary>
    [Test]
    public void FirstWrite_AfterACrashLeftCopiesInWork_HasNoneOfTheirBytes()
    {
        Bash.Run("mkdir work/work\nfor i in {0..40}; do head -c 9000 /dev/zero | tr '\\0' X | "
            + "tee work/$i work/work/$i work/work/#$i >/dev/null; done", Sandbox.Root);

        Mount("for i in {1..9}; do echo small > f$i; done");

        Assert.That(See("for i in {1..9}; do echo more >> f$i; done\ncat f* | sort | uniq -c | tr -s ' '"),
            Is.EqualTo(" 9 more\n 9 small"));
    }

    /// <summary>Seen: fuse-overlayfs 1.10 holds one core at 100 % and its caller for ever.</summary>
    [Test]
    public void FirstChange_OfAFileThatEndsBeforeItsSize_ComesBack()
    {
        const string Short = "/sys/kernel/mm/transparent_hugepage";
        Options = Options with { Lowers = [Short, Lower] };
        Mount("");
        AbortWhenHung();

        See("chmod 600 enabled");

        Assert.That(See($"head -c $(wc -c < {Short}/enabled) enabled"), Is.EqualTo(File.ReadAllText(Short + "/enabled").TrimEnd('\n')));
    }

    /// <summary>
    /// Seen: fuse-overlayfs 1.10 has an empty file there. No shell writes here: its closing of copies of the descriptor flushes.
    /// </summary>
    [TestCase("new")]
    [TestCase("changed")]
    public void Write_ThatHasReturned_IsOnTheUpperBeforeTheFileIsClosed(string name)
    {
        Mount("printf old > changed");
        int file = OpenForWriting(name);
        try
        {
            Assert.That(Files.Write(file, "new"u8.ToArray()), Is.EqualTo(3));
            Assert.That(File.ReadAllText(Options.Upper + "/" + name), Is.EqualTo("new"));
        }
        finally
        {
            _ = Syscall.close(file);
        }
    }

    /// <summary>
    /// What was written belongs to the upper, not to the memory of a daemon that may be gone. Seen: fuse-overlayfs 1.10 leaves the old.
    /// </summary>
    [Test]
    public void Write_ThenTheDaemonIsKilled_NothingIsLost()
    {
        Mount("printf old > changed");
        int file = OpenForWriting("changed");
        try
        {
            Assert.That(Files.Write(file, "new and longer"u8.ToArray()), Is.EqualTo(14));
            foreach (int pid in Daemon.Daemons) Tool.Check(Syscall.kill(pid, Signum.SIGKILL), "kill");
        }
        finally
        {
            _ = Syscall.close(file);
        }

        Assert.That(File.ReadAllText(Options.Upper + "/changed"), Is.EqualTo("new and longer"));
    }

    /// <summary>
    /// As before a suspend, when daemons are frozen and the kernel syncs. Seen: with fuse-overlayfs 1.10 it waits for the daemon.
    /// </summary>
    [Test]
    public void Sync_WhileTheDaemonIsFrozen_ComesBack()
    {
        Mount("echo old > changed");
        AbortWhenHung();
        int root = (int)Tool.Check(Syscall.open(Merged, OpenFlags.O_RDONLY | OpenFlags.O_CLOEXEC), "open");
        int file = (int)Tool.Check(Syscall.open(Merged + "/changed", OpenFlags.O_WRONLY | OpenFlags.O_CLOEXEC), "open");
        try
        {
            Assert.That(Files.Write(file, new byte[100_000]), Is.EqualTo(100_000));
            foreach (int pid in Daemon.Daemons) _ = Syscall.kill(pid, Signum.SIGSTOP);
            var sync = Task.Run(() => Libc.syncfs(root));
            Assert.That(sync.Wait(10_000) && sync.Result == 0, "syncfs came back");
        }
        finally
        {
            foreach (int pid in Daemon.Daemons) _ = Syscall.kill(pid, Signum.SIGCONT);
            _ = Syscall.close(file);
            _ = Syscall.close(root);
        }
    }

    [Test]
    public void SetUid_GivenRightAfterWriting_Stays()
    {
        Mount("printf old > changed");
        int file = OpenForWriting("changed");
        Assert.That(Files.Write(file, "program"u8.ToArray()), Is.EqualTo(7));
        Assert.That(Syscall.fchmod(file, NativeConvert.FromOctalPermissionString("4755")), Is.Zero);
        Assert.That(Syscall.close(file), Is.Zero);

        Assert.That(See("stat -c '%a %s' changed"), Is.EqualTo("4755 7"));
        Remount();
        Assert.That(See("stat -c '%a %s' changed\ncat changed"), Is.EqualTo("4755 7\nprogram"));
    }

    /// <summary>Two names of one file in a layer, changed by the second.</summary>
    [Test]
    public void Write_ByOneOfTwoNamesOfALowerFile_IsUnderThatNameOnDisk()
    {
        Mount("mkdir a b\necho old > a/f\nln a/f b/f");

        See("cat a/f b/f\necho new > b/f");

        Assert.That(Bash.Run("cat b/f\nls", Options.Upper), Is.EqualTo("new\nb\n"));
    }

    private int OpenForWriting(string name) =>
        (int)Tool.Check(Syscall.open($"{Merged}/{name}", OpenFlags.O_WRONLY | OpenFlags.O_CREAT | OpenFlags.O_CLOEXEC,
            FilePermissions.DEFFILEMODE), "open");
}
