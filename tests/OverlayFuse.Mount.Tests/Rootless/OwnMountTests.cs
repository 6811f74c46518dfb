using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Rootless;

/// <summary>
/// Merged views inside of layers: a daemon that enters its own view, or two that enter each other's, would wait for themselves for ever.
/// </summary>
[TestFixture, Category("Rootless")]
internal sealed class OwnMountTests : RootlessTest
{
    private const string Search = "timeout -k 1 60 find";

    [TearDown]
    public void Unmount() =>
        Bash.Try("for m in bottom/view upper/view bottom/inside x/b y/a merged; do umount -l $m 2>/dev/null || true; done", Home);

    [TestCase("bottom/view")]
    [TestCase("upper/view")]
    [TestCase("work/view")]
    [TestCase("link")]
    [TestCase("shown/view")]
    public void Mount_MountpointInsideALayer_RefusedWithTheReason(string mountPoint)
    {
        User.Run("mkdir -p bottom/view upper/view work/view shown; ln -s bottom/view link", Home);
        Bash.Run("mount --bind bottom shown", Home);
        ToolResult result;
        try
        {
            result = User.Try($"{Program} -o {Options} {mountPoint}", Home);
        }
        finally
        {
            Bash.Run("umount shown", Home);
        }
        Assert.Multiple(() =>
        {
            Assert.That(result.ExitCode, Is.Not.Zero);
            Assert.That(result.Error, Does.Contain("lies inside").And.Contains("outside of the layers"));
            Assert.That(MountTable.Below(Home), Is.Empty);
        });
    }

    /// <summary>There a clone of the layer's mount can be had, in which the view is not met.</summary>
    [Test]
    public void Mount_MountpointInsideALowerInANamespace_ShowsWhatTheKernelShows()
    {
        string kernels = Inside("mount -t overlay overlay -o");
        Assert.That(Inside(Program + " -o"), Is.EqualTo(kernels).And.Contains("bottom/view/kept\n"));
    }

    /// <summary>As read-only clones they cannot be written, and reading them leaves their times of access alone.</summary>
    [Test]
    public void Read_LowerLayers_LeavesTheirTimesOfAccess([Values] bool inNamespace)
    {
        User.Run("find top bottom -exec touch -h -a -d 2001-01-01 {} +", Home);
        const string read = "ls -lR merged >/dev/null; cat merged/kept merged/below/2 merged/opaque/shown >/dev/null; "
            + "find merged -type f -exec cat {} + >/dev/null;";
        string mount = $"{Program} -o {Options} merged; {read} fusermount3 -u merged 2>/dev/null || umount merged";
        User.Run(inNamespace ? $"unshare -Urm bash -euc '{mount}'" : mount, Home);
        Assert.That(Bash.Run("find top bottom ! -type l -newerat 2001-01-02", Home), Is.Empty);
    }

    [Test]
    public void Lookup_TheViewBoundIntoALower_IsNotEntered()
    {
        User.Run($"mkdir bottom/inside; {Program} -o {Options} merged", Home);
        Bash.Run("chmod 755 .; mount --bind merged bottom/inside", Home);
        string found = User.Run($"{Search} merged 2>err || true; cat err; cat merged/kept", Home);
        Assert.That(found, Does.Contain("Too many levels").And.Contains("of the bottom: kept").And.Not.Contains("inside/kept"));
    }

    [Test]
    public void Lookup_TwoViewsInsideEachOthersLayers_AreNotEntered()
    {
        User.Run($"mkdir -p x/b y/a x/own y/own; {Program} -o lowerdir=x,userxattr y/a; {Program} -o lowerdir=y,userxattr x/b", Home);
        string found = User.Run($"{Search} x/b 2>err || true; {Search} y/a 2>>err || true; cat err", Home);
        Assert.That(found, Does.Contain("Too many levels").And.Contains("x/b/own").And.Contains("y/a/own").And.Not.Contains("a/b/"));
    }

    private string Inside(string mount) => User.Run($"""
        unshare -Urm bash -euo pipefail <<'END-OF-INNER'
        mkdir -p bottom/view; {mount} {Options} bottom/view
        {Search} bottom/view | sort
        umount bottom/view
        END-OF-INNER
        rm -rf upper work; mkdir upper work
        """, Home);
}
