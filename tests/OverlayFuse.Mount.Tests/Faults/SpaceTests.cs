using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>
/// Real shortages: blocks, inodes, quota, descriptors. Who asked for too much is told, nothing half is left, and all goes on.
/// </summary>
[TestFixture, Category("Faults")]
internal sealed class SpaceTests : AppTest
{
    private const string MakeLower = """
        mkdir -p d/e
        head -c 4M /dev/urandom > d/e/big
        echo small > d/e/small
        mkdir covered; touch covered/x
        for i in $(seq 150); do mkdir -p many/$i; echo $i > many/$i/f; done
        """;

    [Test]
    public void CopyUp_BlocksRunOut_NoSpaceAndAsBefore()
    {
        using MergedView view = MergedView.OnDisk(Sandbox, MakeTmpfs("size=1m"), Lower());
        string sum = view.Run("sha256sum d/e/big");

        ToolResult result = Bash.Try("echo more >> d/e/big", view.Root);

        Assert.That(result.Error, Does.Contain("No space left on device"));
        AssertNothingLeft(view);
        Assert.That(view.Run("sha256sum d/e/big"), Is.EqualTo(sum));
        Assert.That(view.Run("echo more >> d/e/small; cat d/e/small; echo new > d/e/big; cat d/e/big"), Is.EqualTo("small\nmore\nnew\n"),
            "what fits, fits");
        view.AssertLowersUntouched();
    }

    /// <summary>A subvolume of btrfs: its limit holds for root too.</summary>
    [Test]
    public void CopyUp_QuotaExceeded_ToldAndAsBefore()
    {
        string disk = Sandbox.MakeFileSystem("btrfs", 256);
        Bash.Run("btrfs quota enable .; btrfs subvolume create limited; btrfs qgroup limit 3M limited", disk);
        using MergedView view = MergedView.OnDisk(Sandbox, disk + "/limited", Lower());
        string sum = view.Run("sha256sum d/e/big");

        ToolResult result = Bash.Try("echo more >> d/e/big", view.Root);

        Assert.That(result.Error, Does.Contain("Disk quota exceeded"));
        AssertNothingLeft(view);
        Assert.That(view.Run("sha256sum d/e/big"), Is.EqualTo(sum));
        Assert.That(view.Run("echo more >> d/e/small; cat d/e/small"), Is.EqualTo("small\nmore\n"), "what fits, fits");
        view.AssertLowersUntouched();
    }

    /// <summary>
    /// With each number of free inodes something else fails: parents, the copy, the whiteout, the directory over a whiteout.
    /// </summary>
    [Test]
    public void Change_InodesRunOut_EachFailsOrSucceedsAndTheKernelAgrees([Range(0, 6)] int free)
    {
        string disk = MakeTmpfs("nr_inodes=100");
        using MergedView view = MergedView.OnDisk(Sandbox, disk, Lower());
        Bash.Run($"i=0; while touch filler-$i 2>/dev/null; do i=$((i + 1)); done; for k in $(seq {free}); do rm filler-$k; done", disk);
        string content = view.Run("cat d/e/big d/e/small | sha256sum");

        string[] changes = ["chmod 600 d/e/small", "rm -rf covered", "mkdir -p covered", "mkdir new", "ln d/e/small link",
            "mv many/1/f moved", "touch many/2/new"];
        string[] failed = [.. changes.Where(change => Bash.Try(change, view.Root) is var result && result.ExitCode != 0
            && AssertNoSpace(result))];

        Assert.That(failed, Is.Not.Empty, "the inodes did run out");
        AssertNothingLeft(view);
        Assert.That(view.Run("cat d/e/big d/e/small | sha256sum"), Is.EqualTo(content));
        Bash.Run("rm filler-*", disk);
        view.Run("mkdir -p covered new; chmod 600 d/e/small; ln -f d/e/small link; test -e moved || mv many/1/f moved; touch many/2/new");
        string[] ours = TreeManifest.OfContent(view.Root);
        using (OverlayMount kernel = view.MountByKernel())
            TreeManifest.AssertSame(ours, TreeManifest.OfContent(kernel.Mountpoint), "tree as the kernel shows it");
        view.AssertLowersUntouched();
    }

    /// <summary>The limit is so low that neither all directories in use nor all open files fit under it.</summary>
    [Test]
    public void Open_DescriptorsRunOut_ToldAndUsableWhenTheyAreClosed([Values(40, 64, 128)] int descriptors,
        [Values("open", "stateless")] string io)
    {
        using MergedView view = MergedView.WithFewDescriptors(Sandbox, descriptors, io, Lower());

        ToolResult result = Bash.Try("for i in $(seq 150); do exec {fd}<many/$i/f; done", view.Root);

        Assert.That(result.Error, io == "open" ? Does.Contain("Too many open files") : Is.Empty, "files that are open in the view");
        Assert.That(
            view.Run("cat many/*/f | sort -n | tail -1; for i in $(seq 150); do echo more >> many/$i/f; done; cat many/*/f | wc -l"),
            Is.EqualTo("150\n300\n"));
        Assert.That(DaemonProcess.Descriptors(view.Daemons), Is.LessThan(descriptors));
        AssertNothingLeft(view);
        view.AssertLowersUntouched();
    }

    private static bool AssertNoSpace(ToolResult result)
    {
        Assert.That(result.Error, Does.Contain("No space left on device"));
        return true;
    }

    private static void AssertNothingLeft(MergedView view)
    {
        Assert.That(Bash.Run("find . -mindepth 2 ! -type c", view.Work), Is.Empty, "work directory");
        Assert.That(Bash.Run("find . -name big", view.Upper), Is.Empty, "copies in the upper layer");
    }

    private string Lower()
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run(MakeLower, lower);
        return lower;
    }
}
