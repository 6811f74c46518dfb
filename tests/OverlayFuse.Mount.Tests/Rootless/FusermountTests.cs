using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Rootless;

/// <summary>An ordinary user without namespaces: mounted by the set-uid fusermount3.</summary>
[TestFixture, Category("Rootless")]
internal sealed class FusermountTests : RootlessTest
{
    [Test]
    public void Scenario_MountedThroughFusermount_SameAsTheKernelGivesTheUser()
    {
        (string merged, string upper) = ExpectedByTheKernel("unshare --user --map-current-user --keep-caps --mount");

        Mount();
        User.Run(Scenario, Home);
        string actual = User.Run(ShowMerged, Home);
        Unmount();

        Assert.Multiple(() =>
        {
            Assert.That(actual, Is.EqualTo(merged), "merged tree");
            Assert.That(User.Run(ShowUpper, Home), Is.EqualTo(upper), "upper layer on the disk");
            Assert.That(Bash.Run("find . -mindepth 2", Home + "/work"), Is.Empty, "work directory");
        });
    }

    [Test]
    public void Whiteout_RemovedByTheUser_IsADeviceZeroZeroAndOpaqueIsAUserAttribute()
    {
        Mount();
        User.Run("cd merged; rm removed; rm -r directory; mkdir directory", Home);
        Unmount();

        Assert.That(Bash.Run("stat -c '%F %t:%T %u' removed; getfattr --only-values -n user.overlay.opaque directory", Home + "/upper"),
            Is.EqualTo($"character special file 0:0 {User.Id}\ny\n"));
    }

    [Test]
    public void Remount_AfterTheScenario_SameTreeForTheUserForRootAndForTheKernel()
    {
        Mount();
        User.Run(Scenario, Home);
        string before = User.Run(ShowMerged, Home);
        Unmount();

        Mount();
        Assert.That(User.Run(ShowMerged, Home), Is.EqualTo(before), "remounted by the user");
        Unmount();

        OverlayOptions options = new([Home + "/top", Home + "/bottom"], Home + "/upper", Home + "/work", "userxattr");
        using (ProgramUnderTest.Mount(options, Home + "/merged"))
            Assert.That(Bash.Run(ShowMerged, Home), Is.EqualTo(before), "mounted by root");
        Bash.Run($"mount -t overlay overlay -o {options} merged", Home);
        Assert.That(Bash.Run(ShowMerged, Home), Is.EqualTo(before), "mounted by the kernel");
    }

    /// <summary>Root sees marks user.overlay.* only if it looks for them: the upper's root says that it has to.</summary>
    [Test]
    public void Remount_ByRootWhoDoesNotSayUserxattr_DeletedStaysDeleted([Values("", "uuid=off")] string extra)
    {
        User.Run($"{Program} -o {Options}{(extra.Length > 0 ? "," + extra : "")} merged", Home);
        User.Run(Scenario, Home);
        string before = User.Run(ShowMerged, Home);
        Unmount();

        OverlayOptions options = new([Home + "/top", Home + "/bottom"], Home + "/upper", Home + "/work");
        using (ProgramUnderTest.Mount(options, Home + "/merged"))
            Assert.That(Bash.Run(ShowMerged, Home), Is.EqualTo(before));
        using (KernelOverlay.Mount(options with { Extra = "userxattr" }, Home + "/merged"))
            Assert.That(Bash.Run(ShowMerged, Home), Is.EqualTo(before), "the kernel's overlayfs");
    }

    [Test]
    public void Remount_ByRootWithAnOptionThatNeedsTrustedMarks_RefusedWithTheRemedy()
    {
        Mount();
        User.Run("rm merged/removed", Home);
        Unmount();

        ToolResult refused = Bash.Try($"{Program} -o lowerdir=top:bottom,upperdir=upper,workdir=work,redirect_dir=on merged", Home);
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.Error, Does.Contain("user.overlay.*").And.Contain("redirect_dir=on").And.Contain("setfattr -x"));
    }

    /// <summary>
    /// What root's mount of the kernel's overlayfs wrote as trusted.* an ordinary user cannot see; that root was there is seen.
    /// </summary>
    [Test]
    public void Mount_UpperThatRootMountedBefore_RefusedUnlessToldOtherwise()
    {
        using (KernelOverlay.Mount(new OverlayOptions([Home + "/top", Home + "/bottom"], Home + "/upper", Home + "/work"),
            Home + "/merged"))
            Bash.Run("rm -r directory; mkdir directory", Home + "/merged");

        string options = Options.Replace(",userxattr", "", StringComparison.Ordinal);
        ToolResult refused = User.Try($"{Program} -o {options} merged", Home);
        Assert.That(refused.ExitCode, Is.Not.Zero);
        Assert.That(refused.Error, Does.Contain("trusted.overlay.*").And.Contain("work/work as that user"));

        Bash.Run("rm -rf work/work", Home);
        User.Run($"{Program} -o {options} merged", Home);
        Unmount();
    }

    /// <summary>
    /// The daemon has no capability here: the user's own directory without permissions keeps its marks to itself, and they still count.
    /// </summary>
    [Test]
    public void Remount_OwnDirectoriesAndFilesWithoutPermissions_ShownAndHidingWhatIsBelow()
    {
        Mount();
        User.Run("cd merged; rm -r directory; mkdir directory; echo new > directory/3; chmod 0 directory; chmod 0 appended; chmod 200 mode",
            Home);
        Unmount();

        Mount();
        User.Run("cd merged; test \"$(stat -c %a directory appended mode | tr '\\n' ' ')\" = '0 0 200 '; chmod 700 directory; "
            + "test \"$(ls directory)\" = 3; rm -f appended mode; test ! -e mode", Home);
        Unmount();

        Assert.That(Bash.Run("stat -c %a directory; stat -c %F appended mode", Home + "/upper"),
            Is.EqualTo("700\ncharacter special file\ncharacter special file\n"));
    }

    /// <summary>As where /etc/mtab is missing, which fusermount3 reads: the daemon says so and ends; it does not abort.</summary>
    [Test]
    public void Stop_FusermountRefusesToUnmount_EndsWithItsWords()
    {
        string answer = User.Run($$"""
            mkdir bin; real=$(command -v fusermount3)
            printf '#!/bin/sh\ncase " $* " in *" -u "*) echo no mtab today >&2; exit 1;; esac\nexec %s "$@"\n' "$real" > bin/fusermount3
            chmod 755 bin/fusermount3
            PATH=$PWD/bin:$PATH {{Program}} -f -o {{Options}} merged 2> words & daemon=$!
            until mountpoint -q merged; do sleep 0.05; done
            kill -TERM $daemon; status=0; wait $daemon || status=$?
            "$real" -u -z merged || true
            echo "$status"; grep -c 'no mtab today' words; grep -c Unhandled words || true
            """, Home);
        Assert.That(answer, Does.Match("^1\n[1-9]\n0\n$"));
    }

    [Test]
    public void Mount_ReadOnlyWithoutUpper_ReadableAndRefusesToWrite()
    {
        User.Run($"{Program} -o lowerdir=top:bottom,userxattr merged", Home);

        Assert.That(User.Run("cat merged/kept", Home), Is.EqualTo("of the bottom: kept\n"));
        Assert.That(User.Try("echo > merged/new", Home).Error, Does.Contain("Read-only file system"));
        Unmount();
    }

    [Test]
    public void Signal_MountedThroughFusermount_UnmountsAndNoProcessStays([Values(Signum.SIGTERM, Signum.SIGINT)] Signum signal)
    {
        List<int> daemons = Mount();

        DaemonProcess.Signal(daemons, signal);

        DaemonProcess.AssertEnded(daemons, $"{signal}");
        Assert.That(MountTable.Below(Home), Is.Empty);
    }

    [Test]
    public void Mount_DeviceNotAllowed_RefusedWithATextAndNothingMounted()
    {
        Bash.Run("chmod 600 /dev/fuse");

        ToolResult result = User.Try($"{Program} -o {Options} merged", Home);

        Assert.Multiple(() =>
        {
            Assert.That(result.ExitCode, Is.Not.Zero);
            Assert.That(result.Error, Does.Contain("/dev/fuse"));
            Assert.That(MountTable.Below(Home), Is.Empty);
            Assert.That(DaemonProcess.Of(Home + "/merged"), Is.Empty);
        });
    }

    /// <summary>
    /// Files of other users and modes without permissions: what the user may not do stays refused, and is done no other way.
    /// </summary>
    [Test]
    public void Access_FileThatTheUserMayNotRead_RefusedAndNotCopiedUp()
    {
        Bash.Run("echo secret > secret; chmod 600 secret; echo shown > shown; chmod 644 shown", Home + "/bottom");
        Mount();

        Assert.Multiple(() =>
        {
            Assert.That(User.Try("cat merged/secret", Home).Error, Does.Contain("Permission denied"));
            Assert.That(User.Try("echo more >> merged/shown", Home).Error, Does.Contain("Permission denied"));
            Assert.That(User.Try("chmod 666 merged/shown", Home).Error, Does.Contain("Operation not permitted"));
            Assert.That(User.Run("cat merged/shown", Home), Is.EqualTo("shown\n"));
            Assert.That(Bash.Run("ls -A upper", Home), Is.Empty);
        });
        Unmount();
    }

    private List<int> Mount()
    {
        User.Run($"{Program} -o {Options} {Home}/merged", Home);
        Assert.That(MountTable.IsMountpoint(Home + "/merged"));
        return DaemonProcess.Of(Home + "/merged");
    }

    private void Unmount()
    {
        List<int> daemons = DaemonProcess.Of(Home + "/merged");
        User.Run("fusermount3 -u merged", Home);
        DaemonProcess.AssertEnded(daemons, "fusermount3 -u");
        Assert.That(MountTable.Below(Home), Is.Empty);
    }
}
