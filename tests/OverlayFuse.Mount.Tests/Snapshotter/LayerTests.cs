using Grpc.Core;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Tools.Containerd;
using MountOfContainerd = OverlayFuse.Tools.Containerd.Mount;

namespace OverlayFuse.Mount.Tests.Snapshotter;

/// <summary>
/// Chains of layers, mounted as containerd mounts them. The oracle is one directory of the disk to which the same scripts were applied, as
/// in the suite that containerd has for its own snapshotters.
/// </summary>
[TestFixture]
internal sealed class LayerTests : SnapshotterTest
{
    /// <summary>Links and size of a directory are the disk's own.</summary>
    private const string Listing = "find . -mindepth 1 -printf '%P %y %m %U:%G %n %s %l\\n' "
        + "| sed -E 's/ d (.*) [0-9]+ [0-9]+ $/ d \\1/' | sort; "
        + "find . -type f | sort | xargs -r sha256sum";

    private static readonly string[] s_update =
        ["echo foo >f; mkdir d; echo old >d/g", "echo bar >f; echo more >>d/g", "rm d/g; echo new >d/g; chmod 600 f"];

    private static readonly string[] s_removedDirectory =
        ["mkdir -p a/b/c; touch a/b/x; echo f >f", "rm -r a; rm f", "mkdir a; echo again >a/only"];

    private static readonly string[] s_owners =
        ["mkdir d; touch d/a d/b; ln -s a d/s; chown 1:1 d/a; chown -h 3:4 d/s", "chown 2:3 d/b; chown 5:6 d; chmod 4755 d/b"];

    private static readonly string[] s_directoryModes =
        ["mkdir -m 700 p; mkdir -m 755 p/q; mkdir -m 1777 t", "chmod 777 p; chmod 711 p/q; touch p/q/x", "chmod 500 t; mkdir -m 2775 t/s"];

    private static readonly string[] s_deleted = ["echo foo >foo; echo foobar >foobar", "rm foobar", "true", "echo again >foobar"];

    private static readonly string[] s_moved =
    [
        "mkdir -m 700 dir1 dir2; echo Hello >dir1/f1; echo ... >dir2/f2",
        "mkdir -m 700 dir3; echo Hello >dir3/f1; rm -r dir1; ln dir2/f2 dir3/f2; rm dir2/f2",
    ];

    private static readonly string[] s_renamed =
    [
        "mkdir -p dir1 somefiles; echo a >somefiles/f1; echo was >somefiles/f2; echo 1 >dir1/f1; mkdir -p old/deep; echo x >old/deep/x",
        "mv somefiles/f1 somefiles/f4; mv somefiles/f2 dir1/f2; mv old new; mv dir1 dir2",
        "mv new/deep new/deeper; mv dir2 dir1; mkdir old",
    ];

    private static readonly string[] s_longNames =
        [$"mkdir {new('d', 255)}; touch {new('f', 255)}", $"rm {new('f', 255)}; touch {new('d', 255)}/x"];

    [TestCaseSource(nameof(s_chains))]
    public void View_OfAChainOfLayers_EqualsOneDirectory(string[] scripts)
    {
        string plain = Sandbox.MakeDirectory("plain");
        string parent = "";
        foreach ((int i, string script) in scripts.Index())
        {
            MakeLayer($"layer-{i}", parent, script);
            parent = $"layer-{i}";
            Bash.Run(script, plain);
            string view = Mount(View($"view-{i}", parent), $"view-{i}");
            Assert.That(Bash.Run(Listing, view), Is.EqualTo(Bash.Run(Listing, plain)), $"layer {i}");
        }
    }

    private static readonly string[][] s_chains =
        [s_update, s_removedDirectory, s_owners, s_directoryModes, s_deleted, s_moved, s_renamed, s_longNames];

    /// <summary>As containerd's suite: the mount of the active snapshot stays while its layer is committed and is a parent.</summary>
    [Test]
    public void Commit_OfAMountedSnapshot_CanBeAParentAtOnce()
    {
        string first = Mount(Prepare("a"), "first");
        Bash.Run("echo foo >foo; mkdir -p a/b/c", first);
        Commit("base", "a");
        string second = Mount(Prepare("b", "base"), "second");
        Bash.Run("echo bar >bar; echo bar >foo; rm -r a/b", second);
        Commit("next", "b");
        string view = Mount(View("view", "next"), "view");
        Assert.That(Bash.Run("find . | sort; cat foo bar", view), Is.EqualTo(".\n./a\n./bar\n./foo\nbar\nbar\n"));
        Unmount(view);
        Remove("view");
        AssertStatus(StatusCode.FailedPrecondition, () => Remove("base"));
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void View_OfAnyNumberOfParents_IsReadOnly(int parents)
    {
        for (int i = 1; i <= parents; i++)
            MakeLayer($"layer-{i}", i == 1 ? "" : $"layer-{i - 1}", $"touch {i}");
        string view = Mount(View("view", parents == 0 ? "" : $"layer-{parents}"), "view");
        Assert.That(Bash.Try("touch new", view).Error, Does.Contain("Read-only file system"));
    }

    [Test]
    public void TopDirectory_OfAChild_HasOwnerAndModeOfTheParent()
    {
        MakeLayer("base", "", "chown 7:8 .; chmod 1770 .; touch x");
        MakeLayer("next", "base", "touch y");
        string view = Mount(View("view", "next"), "view");
        Assert.That(Bash.Run("stat -c '%u:%g %a' .", view), Is.EqualTo("7:8 1770\n"));
        Assert.That(Bash.Run("umask 077; stat -c %a " + Root, view), Is.EqualTo("700\n"));
    }

    [Test]
    public void Chain_Of128Layers_ShowsAll()
    {
        const int layers = 128;
        string parent = "";
        for (int i = 1; i <= layers; i++)
        {
            MountOfContainerd mount = Prepare($"a{i}", parent);
            string? upper = mount.Options.FirstOrDefault(option => option.StartsWith("upperdir=", StringComparison.Ordinal));
            string layer = upper?.Split('=')[1] ?? mount.Source;
            File.WriteAllText(Path.Combine(layer, $"file-{i}"), "");
            Commit($"layer-{i}", $"a{i}");
            parent = $"layer-{i}";
        }
        string top = Mount(Prepare("top", parent), "top");
        Assert.That(Bash.Run("ls | wc -l; rm file-1; ls | wc -l", top), Is.EqualTo($"{layers}\n{layers - 1}\n"));
    }

    /// <summary>The labels by which containerd asks for other owners.</summary>
    [TestCase(0)]
    [TestCase(1)]
    [TestCase(2)]
    public void Mapping_ByLabels_ShowsAndStoresOwners(int parents)
    {
        for (int i = 1; i <= parents; i++)
            MakeLayer($"layer-{i}", i == 1 ? "" : $"layer-{i - 1}", $"touch {i}");
        var labels = new Dictionary<string, string>
        {
            ["containerd.io/snapshot/uidmapping"] = "0:100000:10,10:200000:10",
            ["containerd.io/snapshot/gidmapping"] = "0:300000:65536",
        };
        PrepareSnapshotResponse prepared = Client.Prepare(
            new PrepareSnapshotRequest { Key = "mapped", Parent = parents == 0 ? "" : $"layer-{parents}", Labels = { labels } });
        string target = Mount(prepared.Mounts.Single(), "mapped");
        Bash.Run("touch new; chown 200002:300007 new", target);
        Assert.That(Bash.Run("stat -c '%n %u:%g' *", target),
            Is.EqualTo(string.Concat(Enumerable.Range(1, parents).Select(i => $"{i} 100000:300000\n")) + "new 200002:300007\n"));
        Unmount(target);
        Commit("committed", "mapped");
        string view = Mount(View("view", "committed"), "view");
        Assert.That(Bash.Run("stat -c '%n %u:%g' new", view), Is.EqualTo("new 12:7\n"));
    }

    [TestCase("0:1")]
    [TestCase("0:1:2,upperdir=/")]
    [TestCase("")]
    public void Mapping_NotAMap_IsRefused(string map)
    {
        var request = new PrepareSnapshotRequest { Key = "a", Labels = { ["containerd.io/snapshot/uidmapping"] = map } };
        if (map.Length == 0)
            Assert.That(Client.Prepare(request).Mounts.Single().Type, Is.EqualTo("bind"));
        else
            AssertStatus(StatusCode.InvalidArgument, () => Client.Prepare(request));
    }
}
