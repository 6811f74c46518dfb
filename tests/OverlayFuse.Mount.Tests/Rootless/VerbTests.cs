using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Soak;
using OverlayFuse.Mount.Tests.Verbs;

namespace OverlayFuse.Mount.Tests.Rootless;

/// <summary>list and unmount by an ordinary user, through fusermount3 and in a user namespace.</summary>
[TestFixture, Category("Rootless")]
internal sealed class VerbTests : RootlessTest
{
    [Test]
    public void List_OfAUser_ShowsHisMountsToHimAndToRoot()
    {
        Mount("merged");
        foreach (ToolResult result in new[] { User.Try($"{Program} list --json", Home), Bash.Try($"{Program} list --json") })
        {
            var mount = MountList.Find(result, Home + "/merged")!.Value;
            Assert.That((mount.GetProperty("state").GetString(), mount.GetProperty("user").GetInt32(), mount.GetProperty("pid").GetInt32(),
                mount.GetProperty("userxattr").GetBoolean()),
                Is.EqualTo(("live", User.Id, DaemonProcess.Of(Home + "/merged").Single(), true)));
        }
        Assert.That(User.Run($"{Program} unmount merged; {Program} list", Home), Is.Empty);
    }

    [Test]
    public void Unmount_ByTheUser_UpperIsComplete()
    {
        User.Run("head -c 64M /dev/urandom > bottom/large; cp bottom/large expected; echo -n x | dd of=expected conv=notrunc status=none",
            Home);
        Mount("merged");
        User.Run($"echo -n x | dd of=merged/large conv=notrunc status=none; {Program} unmount merged; cmp upper/large expected", Home);
        Assert.That(DaemonProcess.Of(Home + "/merged"), Is.Empty);
        Assert.That(MountTable.Below(Home), Is.Empty);
    }

    [Test]
    public void Unmount_InUseByTheUser_NamesHisProcess()
    {
        Mount("merged");
        ToolResult result = User.Try($"cd merged; exec {Program} unmount {Home}/merged", Home);
        Assert.That(result.Error, Does.StartWith($"overlayfuse: {Home}/merged: is in use by "));
        result = User.Try($"sleep 60 < merged/kept & trap 'kill $!' EXIT; {Program} unmount merged", Home);
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((1, result.Error)));
        Assert.That(result.Error,
            Does.Match($"^overlayfuse: merged: is in use by (bash|sleep) \\([0-9]+: has {Home}/merged/kept open\\); end what uses it"));
        User.Run($"{Program} unmount merged", Home);
    }

    [Test]
    public void Unmount_MountOfRoot_IsRefused()
    {
        Bash.Run($"{Program} -o lowerdir=top:bottom merged", Home);
        ToolResult result = User.Try($"{Program} unmount merged", Home);
        Assert.That(result.ExitCode, Is.EqualTo(1));
        Assert.That(result.Error, Does.Contain("fusermount3 cannot unmount it"));
        Bash.Run($"{Program} unmount merged", Home);
    }

    [Test]
    public void UnmountAll_ByTheUser_LeavesTheMountsOfOthers()
    {
        Bash.Run($"mkdir roots; {Program} -o lowerdir=top:bottom roots", Home);
        Mount("merged");
        User.Run($"mkdir other other-upper other-work; {Program} -o lowerdir=bottom,upperdir=other-upper,workdir=other-work other; "
            + $"echo x > other/new", Home);

        User.Run($"{Program} unmount --all", Home);

        Assert.That(MountTable.Below(Home), Is.EqualTo(new[] { Home + "/roots" }));
        Assert.That(File.ReadAllText(Home + "/other-upper/new"), Is.EqualTo("x\n"));
        Bash.Run($"{Program} unmount roots", Home);
    }

    [Test]
    public void Unmount_InAUserNamespace_WaitsForTheDaemon()
    {
        User.Run($"""
            head -c 64M /dev/urandom > bottom/large
            unshare -Urm bash -euo pipefail <<'END-OF-INNER'
            {Program} -o {Options},copyup=incremental {Home}/merged
            test "$({Program} list | wc -l)" = 2
            echo -n x | dd of=merged/large conv=notrunc status=none
            {Program} unmount merged
            ! mountpoint -q merged
            cmp -i 1 upper/large bottom/large
            END-OF-INNER
            """, Home);
        Assert.That(DaemonProcess.Of(Home + "/merged"), Is.Empty);
    }

    private void Mount(string mountpoint)
    {
        User.Run($"{Program} -o {Options},copyup=incremental {Home}/{mountpoint}", Home);
        Assert.That(MountTable.IsMountpoint($"{Home}/{mountpoint}"));
    }
}
