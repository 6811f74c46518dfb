using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Tools.Containerd;
using MountOfContainerd = OverlayFuse.Tools.Containerd.Mount;

namespace OverlayFuse.Mount.Tests.Snapshotter;

/// <summary>Names, kinds, parents, labels and times, as the suite that containerd has for its own snapshotters checks them.</summary>
[TestFixture]
internal sealed class MetadataTests : SnapshotterTest
{
    private const string Root1 = "containerd.io/gc.root";

    [Test]
    public void Stat_OfActiveAndCommitted_HasKindNameAndParent()
    {
        Prepare("active");
        Commit("base", "active");
        View("view", "base");
        Prepare("next", "base");
        Assert.That(new[] { Stat("base"), Stat("view"), Stat("next") }.Select(info => (info.Name, info.Kind, info.Parent)), Is.EqualTo(new[]
        {
            ("base", Kind.Committed, ""), ("view", Kind.View, "base"), ("next", Kind.Active, "base"),
        }));
        AssertStatus(StatusCode.NotFound, () => Stat("active"));
    }

    [Test]
    public void Create_WithAKeyThatIsTaken_AlreadyExists()
    {
        Prepare("a");
        Commit("base", "a");
        View("view", "base");
        foreach (string taken in new[] { "base", "view" })
        {
            AssertStatus(StatusCode.AlreadyExists, () => Prepare(taken, "base"));
            AssertStatus(StatusCode.AlreadyExists, () => View(taken, "base"));
        }
        Prepare("b");
        AssertStatus(StatusCode.AlreadyExists, () => Commit("base", "b"));
        AssertStatus(StatusCode.AlreadyExists, () => Commit("view", "b"));
        Assert.That(Directories(), Has.Length.EqualTo(3), "refused calls leave nothing");
    }

    [Test]
    public void Create_OnAParentThatIsNoneOrNotCommitted_IsRefused()
    {
        Prepare("active");
        AssertStatus(StatusCode.NotFound, () => Prepare("a", "nothing"));
        AssertStatus(StatusCode.NotFound, () => View("a", "nothing"));
        AssertStatus(StatusCode.InvalidArgument, () => Prepare("a", "active"));
        AssertStatus(StatusCode.InvalidArgument, () => Prepare(""));
        Assert.That(List().Select(info => info.Name), Is.EqualTo(new[] { "active" }));
    }

    [Test]
    public void Commit_OfWhatIsNotActive_IsRefused()
    {
        Prepare("a");
        Commit("base", "a");
        View("view", "base");
        AssertStatus(StatusCode.NotFound, () => Commit("new", "a"));
        AssertStatus(StatusCode.FailedPrecondition, () => Commit("new", "base"));
        AssertStatus(StatusCode.FailedPrecondition, () => Commit("new", "view"));
    }

    [Test]
    public void Mounts_OfEachKind_AreThoseOfItsCreation()
    {
        MountMustBe(Prepare("a"), "a");
        MountMustBe(View("v"), "v");
        Commit("base", "a");
        MountMustBe(Prepare("b", "base"), "b");
        AssertStatus(StatusCode.FailedPrecondition, () => Client.Mounts(new MountsRequest { Key = "base" }));
        AssertStatus(StatusCode.NotFound, () => Client.Mounts(new MountsRequest { Key = "a" }));
    }

    [Test]
    public void Remove_OfASnapshotWithChildren_IsRefusedUntilTheyAreGone()
    {
        Prepare("a");
        Commit("base", "a");
        Prepare("b", "base");
        Commit("middle", "b");
        Prepare("top", "middle");
        AssertStatus(StatusCode.FailedPrecondition, () => Remove("middle"));
        AssertStatus(StatusCode.FailedPrecondition, () => Remove("base"));
        Remove("top");
        Remove("middle");
        Remove("base");
        AssertStatus(StatusCode.NotFound, () => Remove("base"));
        Assert.That(List(), Is.Empty);
        Assert.That(Directories(), Is.Empty);
    }

    [Test]
    public void Key_OfARemovedSnapshot_IsFreeForAnotherKind()
    {
        Prepare("a");
        Commit("base", "a");
        Prepare("again", "base");
        Remove("again");
        View("again", "base");
        Remove("again");
        Prepare("again");
        Remove("base");
        Commit("base", "again");
        Assert.That(Stat("base").Parent, Is.Empty);
    }

    [TestCase("c1", Kind.Committed, "")]
    [TestCase("c2", Kind.Committed, "c1")]
    [TestCase("a1", Kind.Active, "c2")]
    [TestCase("v1", Kind.View, "c2")]
    [TestCase("v2", Kind.View, "")]
    public void Update_OfEachKind_ChangesLabelsAndTimeAlone(string name, Kind kind, string parent)
    {
        MakeEachKind();
        Info before = Stat(name);
        Assert.That(before.UpdatedAt, Is.EqualTo(before.CreatedAt));
        Info after = Update(new Info { Name = name, Parent = "other", Labels = { ["l1"] = "v1", ["l2"] = "v2", [Root1] = "now" } });
        Assert.That((after.Name, after.Kind, after.Parent, after.CreatedAt), Is.EqualTo((name, kind, parent, before.CreatedAt)));
        Assert.That(after.UpdatedAt, Is.GreaterThan(before.UpdatedAt));
        Assert.That(after.Labels, Is.EquivalentTo(Labels(("l1", "v1"), ("l2", "v2"), (Root1, "now"))));
        after = Update(new Info { Name = name, Labels = { ["l1"] = "new", ["l4"] = "v4" } }, "labels.l1", "labels.l2");
        Assert.That(after.Labels, Is.EquivalentTo(Labels(("l1", "new"), (Root1, "now"))));
        after = Update(new Info { Name = name, Labels = { ["l4"] = "v4", ["empty"] = "" } }, "labels");
        Assert.That(after.Labels, Is.EquivalentTo(Labels(("l4", "v4"))));
        AssertStatus(StatusCode.InvalidArgument, () => Update(new Info { Name = name, Parent = "other" }, "parent"));
        Assert.That(Stat(name), Is.EqualTo(after));
    }

    [Test]
    public void Labels_OfACommit_AreThoseOfTheCallAlone()
    {
        Client.Prepare(new PrepareSnapshotRequest { Key = "a", Labels = { ["of"] = "prepare" } });
        Assert.That(Stat("a").Labels, Is.EquivalentTo(Labels(("of", "prepare"))));
        Client.Commit(new CommitSnapshotRequest { Key = "a", Name = "base", Labels = { ["by"] = "commit" } });
        Assert.That(Stat("base").Labels, Is.EquivalentTo(Labels(("by", "commit"))));
    }

    [Test]
    public void Update_OfAMissingSnapshot_IsNotFound() =>
        AssertStatus(StatusCode.NotFound, () => Update(new Info { Name = "nothing" }));

    [Test]
    public void List_OfMoreThanOneMessage_HasAllAndFilters()
    {
        const int count = 230;
        Prepare("a");
        Commit("base", "a");
        for (int i = 0; i < count; i++)
            View($"view-{i}", "base");
        Assert.That(List().Select(info => info.Name).Distinct().Count(), Is.EqualTo(count + 1));
        Assert.That(List("kind==committed").Single(), Is.EqualTo(Stat("base")));
        Assert.That(List("name==view-7", "name==view-8,parent==base", "name==view-9,parent==other").Select(info => info.Name),
            Is.EquivalentTo(new[] { "view-7", "view-8" }));
        AssertStatus(StatusCode.InvalidArgument, () => List("name=="));
    }

    [Test]
    public void Usage_OfALayer_IsWhatDuSays()
    {
        string target = Mount(Prepare("a"), "mount");
        Bash.Run("mkdir -p d/e; head -c 100000 /dev/zero >d/f; ln d/f d/e/g; ln -s f d/s; truncate -s 1G d/sparse", target);
        AssertUsage("a", target);
        Commit("base", "a");
        AssertUsage("base", target);
        View("view", "base");
        Assert.That(Client.Usage(new UsageRequest { Key = "view" }), Is.EqualTo(new UsageResponse()));
        AssertStatus(StatusCode.NotFound, () => Client.Usage(new UsageRequest { Key = "a" }));
    }

    /// <summary>Deeper than a path can say, and more levels than descriptors.</summary>
    [Test]
    public void Usage_OfADeepTree_CountsItAll()
    {
        const int depth = 3000;
        string target = Mount(Prepare("a"), "mount");
        string script = $"import os\nfor i in range({depth}):\n os.mkdir('dddd')\n os.chdir('dddd')\nopen('end', 'w')";
        Bash.Run($"python3 -c \"{script}\"", target);
        Assert.That(Client.Usage(new UsageRequest { Key = "a" }).Inodes, Is.EqualTo(depth + 2));
        Unmount(target);
        Remove("a");
        Assert.That(Directories(), Is.Empty);
    }

    private void AssertUsage(string key, string target)
    {
        UsageResponse usage = Client.Usage(new UsageRequest { Key = key });
        Assert.That($"{usage.Size} {usage.Inodes}\n",
            Is.EqualTo(Bash.Run("echo $(du -s --block-size=1 . | cut -f1) $(du -s --inodes . | cut -f1)", target)));
    }

    private void MountMustBe(MountOfContainerd expected, string key) =>
        Assert.That(Client.Mounts(new MountsRequest { Key = key }).Mounts.Single(), Is.EqualTo(expected));

    private void MakeEachKind()
    {
        Prepare("c1-a");
        Commit("c1", "c1-a");
        Prepare("c2-a", "c1");
        Commit("c2", "c2-a");
        Prepare("a1", "c2");
        View("v1", "c2");
        View("v2");
    }

    private Info Update(Info info, params string[] fields) => Client.Update(new UpdateSnapshotRequest
    {
        Info = info,
        UpdateMask = fields.Length == 0 ? null : new FieldMask { Paths = { fields } },
    }).Info;

    private static Dictionary<string, string> Labels(params (string Name, string Value)[] labels) =>
        labels.ToDictionary(label => label.Name, label => label.Value);
}
