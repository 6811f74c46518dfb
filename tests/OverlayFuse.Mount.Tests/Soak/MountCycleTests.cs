using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Soak;

/// <summary>Mounts that come and go leave nothing: no mount, no process, no temporary entry, no file in the temporary directory.</summary>
[TestFixture]
internal sealed class MountCycleTests : AppTest
{
    [Test]
    [TestCase(60, Category = "Apps")]
    [TestCase(1000, Category = "Soak")]
    public void MountAndUnmount_ManyTimesInEachWay_LeavesNothingBehind(int times)
    {
        string lower = Sandbox.MakeDirectory("lower"), temporary = Sandbox.MakeDirectory("tmp"), mountpoint = Sandbox.PathOf("merged");
        string upper = Sandbox.MakeDirectory("upper"), work = Sandbox.MakeDirectory("work");
        File.WriteAllText(lower + "/file", "of the lower layer");
        var options = new OverlayOptions([lower], upper, work);

        for (int i = 0; i < times; i++)
        {
            Bash.Run($"mkdir -p {mountpoint}\nTMPDIR={temporary} {ProgramUnderTest.Path} -o {options} {mountpoint}", timeoutSeconds: 30);
            List<int> daemons = DaemonProcess.Of(mountpoint);
            UseOnce(mountpoint, i);
            Unmount(mountpoint, daemons, i);
            DaemonProcess.AssertEnded(daemons, $"unmount {i}");
            Assert.That(MountTable.Below(Sandbox.Root), Is.Empty, $"mounts after unmount {i}");
        }

        Assert.Multiple(() =>
        {
            Assert.That(DaemonProcess.Of(mountpoint), Is.Empty, "processes");
            Assert.That(Directory.GetFileSystemEntries(temporary), Is.Empty, "temporary files");
            Assert.That(Bash.Run("find . -mindepth 2", work), Is.Empty, "entries in the work directory");
            Assert.That(Bash.Run("ls -A", upper), Is.EqualTo("counter\nfile\n"), "entries in the upper layer");
            Assert.That(File.ReadAllText(upper + "/counter"), Is.EqualTo($"{times - 1}"));
        });
    }

    /// <summary>The first use copies a file up; every one replaces a file of the upper layer.</summary>
    private static void UseOnce(string mountpoint, int number)
    {
        Tool.Check(Syscall.chmod(mountpoint + "/file", FilePermissions.DEFFILEMODE), "chmod");
        File.WriteAllText(mountpoint + "/new", $"{number}");
        File.Move(mountpoint + "/new", mountpoint + "/counter", overwrite: true);
    }

    private static void Unmount(string mountpoint, List<int> daemons, int number)
    {
        switch (number % 4)
        {
            case 0: Bash.Run("umount " + mountpoint); break;
            case 1: Bash.Run("fusermount3 -u " + mountpoint); break;
            case 2: DaemonProcess.Signal(daemons, Signum.SIGTERM); break;
            default: DaemonProcess.Signal(daemons, Signum.SIGINT); break;
        }
        DaemonProcess.AssertEnded(daemons, $"unmount {number}");
    }
}
