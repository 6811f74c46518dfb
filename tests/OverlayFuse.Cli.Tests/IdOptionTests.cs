using OverlayFuse.Overlay;
using static OverlayFuse.Cli.Tests.Words;

namespace OverlayFuse.Cli.Tests;

/// <summary>Options from fuse-overlayfs that say whose the files are.</summary>
internal sealed class IdOptionTests
{
    [Test]
    public void UidMapping_SeveralRanges_AreContainerHostCount() =>
        Assert.That(Options("lowerdir=/a,uidmapping=0:1000:1:1:110000:65536").Overlay.UidMap,
            Is.EqualTo(new[] { new IdRange(0, 1000, 1), new IdRange(1, 110000, 65536) }));

    /// <summary>As containers/storage writes it.</summary>
    [Test]
    public void UidMapping_ColonInFront_IsSkipped() =>
        Assert.That(Options("lowerdir=/a,uidmapping=:0:100000:65536").Overlay.UidMap, Is.EqualTo(new[] { new IdRange(0, 100000, 65536) }));

    [Test]
    public void GidMapping_EveryIdToItself_IsNoMap() =>
        Assert.That(Options("lowerdir=/a,gidmapping=0:0:4294967295").Overlay.GidMap, Is.Empty);

    [Test]
    public void GidMapping_SomeIdsToThemselves_LeavesTheOthersOut() =>
        Assert.That(Options("lowerdir=/a,gidmapping=0:0:65536").Overlay.GidMap, Is.EqualTo(new[] { new IdRange(0, 0, 65536) }));

    [TestCase("squash_to_root", 0u, 0u)]
    [TestCase("squash_to_uid=5,squash_to_root", 5u, 0u)]
    [TestCase("squash_to_root,squash_to_gid=6", 0u, 6u)]
    [TestCase("squash_to_gid=6", null, 6u)]
    public void Squash_ToAnId_GoesBeforeSquashToRoot(string options, uint? uid, uint? gid)
    {
        OverlayOptions overlay = Options("lowerdir=/a," + options).Overlay;
        Assert.That((overlay.SquashUid, overlay.SquashGid), Is.EqualTo((uid, gid)));
    }

    [TestCase("0", XattrPermissions.None)]
    [TestCase("1", XattrPermissions.Privileged)]
    [TestCase("2", XattrPermissions.User)]
    public void XattrPermissions_Number_NamesTheXattr(string value, XattrPermissions expected) =>
        Assert.That(Options("lowerdir=/a,xattr_permissions=" + value).Overlay.XattrPermissions, Is.EqualTo(expected));

    [Test]
    public void Switches_FromFuseOverlayfs_AreTaken()
    {
        OverlayOptions overlay = Options("lowerdir=/a,static_nlink,noacl,noxattrs=1,fsync=0").Overlay;
        Assert.That((overlay.StaticNlink, overlay.NoAcl, overlay.NoXattrs, overlay.Syncs, overlay.Volatile),
            Is.EqualTo((true, true, true, false, false)));
    }
}
