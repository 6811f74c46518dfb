using Mono.Unix.Native;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Soak;

/// <summary>The end of a mount that is in use, and work beside a copy-up that takes long.</summary>
[TestFixture, Category("Apps")]
internal sealed class BusyTests : AppTest
{
    [Test]
    public void Unmount_FileOpen_BusyAndEverythingGoesOn()
    {
        using MergedView view = MergedView.Over(Sandbox, MakeLower());
        using (FileStream file = File.Open(view.Root + "/file", FileMode.Append))
        {
            Assert.That(Bash.Try("umount " + view.Root).ExitCode, Is.Not.Zero);
            Assert.That(Bash.Try("fusermount3 -u " + view.Root).ExitCode, Is.Not.Zero);
            file.Write("more"u8);
        }
        Assert.That(File.ReadAllText(view.Root + "/file"), Is.EqualTo("contentmore"));

        view.Unmount();
        Assert.That(File.ReadAllText(view.Upper + "/file"), Is.EqualTo("contentmore"));
    }

    [Test]
    public void LazyUnmount_FileOpen_UsableUntilClosedThenTheDaemonEnds()
    {
        using MergedView view = MergedView.Over(Sandbox, MakeLower());
        IReadOnlyList<int> daemons = view.Daemons;
        using (FileStream file = File.Open(view.Root + "/file", FileMode.Append))
        {
            Bash.Run("umount -l " + view.Root);
            Assert.That(MountTable.IsMountpoint(view.Root), Is.False);
            file.Write("more"u8);
            file.Flush(flushToDisk: true);
        }
        DaemonProcess.AssertEnded(daemons, "the last descriptor was closed");
        Assert.That(File.ReadAllText(view.Upper + "/file"), Is.EqualTo("contentmore"));
    }

    [Test]
    public void Signal_FileOpen_NothingMountedNoProcessNothingInWork([Values(Signum.SIGTERM, Signum.SIGINT)] Signum signal)
    {
        using MergedView view = MergedView.Over(Sandbox, MakeLower());
        using FileStream file = File.Open(view.Root + "/file", FileMode.Append);
        file.Write("more"u8);
        file.Flush();

        DaemonProcess.Signal(view.Daemons, signal);

        DaemonProcess.AssertEnded(view.Daemons, $"{signal}");
        Assert.Multiple(() =>
        {
            Assert.That(MountTable.Below(Sandbox.Root), Is.Empty);
            Assert.That(File.ReadAllText(view.Upper + "/file"), Is.EqualTo("contentmore"), "what was written before the signal");
            Assert.That(Bash.Run("find . -mindepth 2", view.Work), Is.Empty, "work directory");
        });
    }

    [Test]
    public void Signal_DuringCopyUp_EndsAndLeavesNothingHalf()
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run("head -c 300M /dev/urandom > big", lower);
        using MergedView view = MergedView.OnDisk(Sandbox, Sandbox.MakeFileSystem("ext4", 512), lower);
        using BackgroundScript writer = BackgroundScript.Start("echo more >> big; sync big", view.Root);
        AwaitCopyUp(view, writer);

        DaemonProcess.Signal(view.Daemons, Signum.SIGTERM);

        DaemonProcess.AssertEnded(view.Daemons, "SIGTERM");
        Assert.That(MountTable.IsMountpoint(view.Root), Is.False);
        Assert.That(Bash.Run("find . -mindepth 2", view.Work), Is.Empty, "work directory");
        long size = Bash.Try("stat -c %s big", view.Upper) is { ExitCode: 0 } stat ? long.Parse(stat.Output) : -1;
        Assert.That(size, Is.EqualTo(-1).Or.EqualTo(300 << 20).Or.EqualTo((300 << 20) + 5),
            "the file in the upper layer: none, the old one, or with the line");
    }

    /// <summary>
    /// By order, not by time: each operation must come back while the copy-up of the other file still runs, which fsync waits for.
    /// </summary>
    [Test]
    public void ReadWriteListCopyUp_WhileAHugeFileIsCopiedUp_ComeBackBeforeItEnds()
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run("head -c 900M /dev/urandom > huge; mkdir d; echo s > small; for name in copied-up-too removed moved; "
            + "do echo $name > d/$name; done", lower);
        using MergedView view = MergedView.OnDisk(Sandbox, Sandbox.MakeFileSystem("ext4", 1300), lower);
        using BackgroundScript writer = BackgroundScript.Start("echo more >> huge; sync huge", view.Root);
        AwaitCopyUp(view, writer);

        foreach (string operation in (string[])["cat small >/dev/null", "ls -l . d >/dev/null", "echo x > new", "rm d/removed",
            "mv d/moved d/name", "echo x >> d/copied-up-too"])
        {
            view.Run(operation);
            Assert.That(writer.Running, $"the copy-up was still on its way after: {operation}");
        }
        Assert.That(writer.Wait(), Is.Zero);
        Assert.That(view.Run("stat -c %s huge"), Is.EqualTo($"{(900 << 20) + 5}\n"));
    }

    /// <summary>The copy-up has begun when the upper's disk, which nobody else uses, loses free blocks.</summary>
    private static void AwaitCopyUp(MergedView view, BackgroundScript writer)
    {
        const ulong SomeBlocks = 8 << 20 >> 12;
        ulong before = FreeBlocks(view);
        Assert.That(SpinWait.SpinUntil(() => FreeBlocks(view) + SomeBlocks < before || !writer.Running, 60_000), "the copy-up begins");
        Assert.That(writer.Running, "the copy-up is on its way");
    }

    private static ulong FreeBlocks(MergedView view)
    {
        Tool.Check(Syscall.statvfs(view.Upper, out Statvfs status), "statvfs");
        return status.f_bfree;
    }

    private string MakeLower()
    {
        string lower = Sandbox.MakeDirectory("lower");
        File.WriteAllText(lower + "/file", "content");
        return lower;
    }
}
