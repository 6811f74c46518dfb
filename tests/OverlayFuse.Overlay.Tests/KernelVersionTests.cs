using OverlayFuse.Overlay.Operations;

namespace OverlayFuse.Overlay.Tests;

/// <summary>Refusals name what the running kernel lacks, and advise what it can do.</summary>
internal sealed class KernelVersionTests
{
    [TestCase("6.5", true, "ext4, xfs or btrfs (tmpfs takes no xattrs user.* before Linux 6.6)")]
    [TestCase("6.6.1", true, "ext4, xfs, btrfs or tmpfs")]
    [TestCase("5.10", false, "ext4, xfs, btrfs or tmpfs")]
    public void FileSystems_OfAKernel_AreThoseThatTakeTheMarks(string kernel, bool needsUserXattrs, string advice) =>
        Assert.That(UpperAdvice.FileSystems(needsUserXattrs, Version.Parse(kernel)), Is.EqualTo(advice));

    [TestCase("5.10.1", true, false, "needs Linux 6.9 or later, and this is 5.10.1; use a newer kernel")]
    [TestCase("6.8", false, false, "needs Linux 6.9 or later, and this is 6.8; use a newer kernel")]
    [TestCase("6.9", false, true, "needs CAP_SYS_ADMIN outside of user namespaces; mount as root")]
    [TestCase("6.9", true, true, null)]
    public void PassthroughObstacle_OfAKernel_IsTheFirstInTheWay(string kernel, bool may, bool clones, string? obstacle) =>
        Assert.That(OverlayFileSystem.PassthroughObstacle(may, clones, Version.Parse(kernel)), Is.EqualTo(obstacle));

    [Test]
    public void PassthroughObstacle_WithoutReadOnlyClones_NamesThem() =>
        Assert.That(OverlayFileSystem.PassthroughObstacle(true, false, new Version(6, 9)), Does.Contain("open_tree(2)"));
}
