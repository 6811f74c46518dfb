using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter;
using OverlayFuse.Tools.Snapshotter.Disk;

namespace OverlayFuse.Tools.Tests.Snapshotter;

/// <summary>
/// The mounts that containerd gets, as its overlayfs snapshotter gives them: for one layer a bind mount, for several an overlay.
/// </summary>
internal sealed class MountPlanTests
{
    private static readonly MountPlan s_plan = new(new SnapshotDirectories("/s"), "/empty");

    [TestCase(Kind.Active, 0, "bind /s/9/fs rw,rbind")]
    [TestCase(Kind.View, 0, "bind /s/9/fs ro,rbind")]
    [TestCase(Kind.View, 1, "bind /s/1/fs ro,rbind")]
    [TestCase(Kind.Active, 1, "fuse3.overlayfuse overlay workdir=/s/9/work,upperdir=/s/9/fs,lowerdir=/s/1/fs")]
    [TestCase(Kind.View, 3, "fuse3.overlayfuse overlay ro,lowerdir=/s/1/fs:/s/2/fs:/s/3/fs")]
    [TestCase(Kind.Active, 3, "fuse3.overlayfuse overlay workdir=/s/9/work,upperdir=/s/9/fs,lowerdir=/s/1/fs:/s/2/fs:/s/3/fs")]
    public void Mount_OfParents_IsABindOrAnOverlay(Kind kind, int parents, string expected) =>
        Assert.That(Text(s_plan.For(EntryOf(kind), Parents(parents))), Is.EqualTo(expected));

    /// <summary>A bind mount cannot show other owners.</summary>
    [TestCase(Kind.Active, 0, "fuse3.overlayfuse overlay workdir=/s/9/work,upperdir=/s/9/fs,lowerdir=/empty,")]
    [TestCase(Kind.View, 0, "fuse3.overlayfuse overlay ro,lowerdir=/s/9/fs,")]
    [TestCase(Kind.View, 1, "fuse3.overlayfuse overlay ro,lowerdir=/s/1/fs,")]
    [TestCase(Kind.Active, 1, "fuse3.overlayfuse overlay workdir=/s/9/work,upperdir=/s/9/fs,lowerdir=/s/1/fs,")]
    public void Mount_WithMapsOfIds_IsAnOverlayWithThem(Kind kind, int parents, string expected)
    {
        Entry entry = EntryOf(kind);
        entry.Info.Labels["containerd.io/snapshot/uidmapping"] = "0:1000:10,10:2000:5";
        entry.Info.Labels["containerd.io/snapshot/gidmapping"] = "0:3000:10";
        Assert.That(Text(s_plan.For(entry, Parents(parents))),
            Is.EqualTo(expected + "uidmapping=0:1000:10:10:2000:5,gidmapping=0:3000:10"));
    }

    private static string Text(Mount mount) => $"{mount.Type} {mount.Source} {string.Join(',', mount.Options)}";

    private static Entry EntryOf(Kind kind) => new() { Id = 9, Info = new Info { Name = "key", Kind = kind } };

    private static Entry[] Parents(int count) =>
        [.. from id in Enumerable.Range(1, count)
            select new Entry { Id = (ulong)id, Info = new Info { Name = $"{id}", Kind = Kind.Committed } }];
}
