using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// Overlays whose lower layers lie in another overlay: what ours does inside the kernel's, the kernel's inside ours, and ours inside ours,
/// must be what the kernel's does inside the kernel's: each answer, the merged tree, both uppers on their disk.
/// </summary>
[TestFixture("kernel", "ours")]
[TestFixture("ours", "kernel")]
[TestFixture("ours", "ours")]
internal sealed class NestedTests(string innerName, string outerName)
{
    private const string MakeLower = """
        mkdir -p l/base/d/sub l/base/merged l/base/gone l/base/old
        for name in f g d/1 d/2 d/sub/3 merged/4 gone/5 old/6; do echo "base $name" > l/base/$name; done
        ln l/base/f l/base/hard; ln -s f l/base/link; setfattr -n user.k -v v l/base/g; chmod 4750 l/base/g
        find l -exec touch -h -d 2001-02-03 {} +
        """;

    /// <summary>
    /// A layer for the outer overlay, made in the inner one: an opaque directory, whiteouts as xattrs, a redirect and a metacopy.
    /// </summary>
    private const string MakeTop = """
        mkdir -p inner/top/d inner/top/merged inner/top/gone inner/top/new
        echo top > inner/top/d/top; setfattr -n trusted.overlay.opaque -v y inner/top/d
        : > inner/top/gone/5; setfattr -n trusted.overlay.whiteout -v y inner/top/gone/5
        setfattr -n trusted.overlay.opaque -v x inner/top/gone
        setfattr -n trusted.overlay.redirect -v /old inner/top/new
        : > inner/top/g; chmod 600 inner/top/g; truncate -s 7 inner/top/g; setfattr -n trusted.overlay.metacopy inner/top/g
        rm inner/base/merged/4; echo inner > inner/base/merged/7
        find inner/top inner/base/merged -exec touch -h -d 2002-02-03 {} +
        """;

    private const string Look = """
        ls -A . d merged gone new
        cat f d/top merged/7 new/6
        cat g
        stat -c '%a %s %h' f g hard link
        getfattr -d -m - d gone new g f
        getfattr -n trusted.overlay.opaque d
        """;

    private const string Change = """
        stat -c %i f d d/top merged/7 > ../inos
        echo more >> f
        echo more >> merged/7
        chmod 640 g
        rm -r d
        mkdir d
        rm merged/7
        echo again > gone/5
        ln f linked
        mv hard moved
        mv link moved-link
        mv merged elsewhere
        mknod whiteout c 0 0
        setfattr -n trusted.overlay.opaque -v y new
        setfattr -n trusted.overlay.overlay.origin -v deep new
        getfattr -d -m - new
        rm -r old
        mkdir deep deep/er; echo x > deep/er/x
        sync -f .
        sync -f ../inner
        """;

    private Sandbox sandbox = null!;

    private static string ProgramOf(string name) => name == "kernel" ? ProgramUnderTest.KernelItself : ProgramUnderTest.Path;

    [SetUp]
    public void MakeSandbox() => sandbox = Sandbox.OnDisk();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    [TestCase("")]
    [TestCase("metacopy=on,redirect_dir=on")]
    public void Nested_AfterChanges_EqualsTheKernelInTheKernel(string extra)
    {
        using Nest expected = Start("expected", "kernel", "kernel", extra), actual = Start("actual", innerName, outerName, extra);
        foreach (string lines in new[] { Look, Change, Look })
            Assert.That(actual.Answers(lines), Is.EqualTo(expected.Answers(lines)));
        Assert.That(Differences(expected.Merged(), actual.Merged()), Is.Empty, "merged");
        expected.UnmountBoth();
        actual.UnmountBoth();
        Assert.That(Differences(expected.OuterUpper, actual.OuterUpper), Is.Empty, "the outer upper");
        Assert.That(Differences(expected.InnerUpper, actual.InnerUpper), Is.Empty, "the inner upper");
    }

    /// <summary>xattrs of the outer layer are the inner overlay's users': escaped once on its disk.</summary>
    [Test]
    public void Marks_OfAnOuterLayer_AreEscapedOnTheDisk()
    {
        using Nest nest = Start("nest", innerName, outerName, "");
        nest.UnmountBoth();
        TreeSnapshot upper = nest.InnerUpper;
        Assert.Multiple(() =>
        {
            Assert.That(upper["top/d"].Xattr("trusted.overlay.overlay.opaque"), Is.EqualTo("y"));
            Assert.That(upper["top/gone"].Xattr("trusted.overlay.overlay.opaque"), Is.EqualTo("x"));
            Assert.That(upper["top/gone/5"].Xattr("trusted.overlay.overlay.whiteout"), Is.EqualTo("y"));
            Assert.That(upper["top/new"].Xattr("trusted.overlay.overlay.redirect"), Is.EqualTo("/old"));
            Assert.That(upper["top/g"].Xattr("trusted.overlay.overlay.metacopy"), Is.EqualTo(""));
        });
    }

    [Test]
    public void Inode_OverCopyUp_KeepsItsNumber()
    {
        using Nest nest = Start("nest", innerName, outerName, "");
        const string Numbers = "stat -c '%n %i' old/6 d d/top merged merged/7; ls -i merged d | sort";
        IReadOnlyList<string> before = nest.Answers(Numbers);
        Assert.That(nest.Answers("chmod 700 old/6 d d/top merged merged/7")[0], Does.Contain("exit 0"));
        Assert.That(nest.Answers(Numbers), Is.EqualTo(before));
    }

    /// <summary>
    /// The outer overlay has its own hold on its layers, so the inner one can be unmounted: it ends when the outer one does.
    /// </summary>
    [Test]
    public void Unmount_OfTheInnerFirst_LeavesTheOuterAsItWas()
    {
        using Nest nest = Start("nest", innerName, outerName, "");
        nest.UnmountInnerFirst();
        Assert.That(nest.Answers("cat f; echo more >> f; cat f merged/7; rm -r merged; sync -f .")[0],
            Does.Contain("exit 0\nbase f\nbase f\nmore\ninner\n"));
        nest.UnmountBoth();
    }

    /// <summary>Many write, sync and remove in both at once: nobody waits for ever.</summary>
    [Test]
    public void SyncAndRemove_InBothAtOnce_End()
    {
        using Nest nest = Start("nest", innerName, outerName, "");
        // Each line is a command of its own.
        const string load = "for i in 1 2 3 4; do (for j in {1..25}; do echo x > f$i.$j; echo y >> d/top; sync -f .; "
            + "echo z > ../inner/top/z$i; sync -f ../inner; mv f$i.$j r$i.$j; rm r$i.$j; done) & done; wait";
        IReadOnlyList<string> answers = nest.Answers(load + "\nls\n");
        Assert.That(answers[0], Does.Contain(": exit 0"));
        Assert.That(answers[1], Does.Not.Contain("f1.").And.Not.Contain("r1."));
        nest.UnmountBoth();
    }

    /// <summary>
    /// Neither can make whiteouts for another overlay. The kernel's refuses such an upper, ours one in a view of our own; in the kernel's
    /// it deletes by name.
    /// </summary>
    [Test]
    public void Upper_InAnOverlay_IsRefusedButByOursInTheKernels()
    {
        using Nest nest = Start("nest", innerName, outerName, "");
        string root = sandbox.PathOf("nest");
        Bash.Run("mkdir inner/u inner/w third", root);
        var options = new OverlayOptions([root + "/l"], root + "/inner/u", root + "/inner/w");
        if ((innerName, outerName) == ("kernel", "ours"))
        {
            using OverlayMount third = ProgramUnderTest.Mount(ProgramOf(outerName), options, root + "/third");
            Bash.Run("rm third/base/f; test ! -e third/base/f; test -f inner/u/base/.wh.f", root);
            third.Unmount();
            return;
        }
        Assert.That(() => ProgramUnderTest.Mount(ProgramOf(outerName), options, root + "/third"), Throws.Exception);
        Assert.That(MountTable.IsMountpoint(root + "/third"), Is.False);
    }

    private Nest Start(string directory, string inner, string outer, string extra)
    {
        string root = sandbox.MakeDirectory(directory);
        var nest = new Nest(root, ProgramOf(inner), ProgramOf(outer));
        Bash.Run(MakeLower, root);
        nest.MountBoth(MakeTop, ["top", "base"], extra);
        return nest;
    }

    private IEnumerable<string> Differences(TreeSnapshot expected, TreeSnapshot actual) =>
        expected.Differences(actual, "kernel in kernel", "here")
            .Where(line => !KnownDifferences.IsImpure(line) && !IsOfInnerHandles(line) && !IsRedirectOfLinkedFile(line));

    /// <summary>The kernel's overlayfs has no file handles for an origin without nfs_export; FUSE has.</summary>
    private bool IsOfInnerHandles(string line) =>
        innerName == "ours"
            && line.EndsWith("xattr trusted.overlay.origin: kernel in kernel 0 bytes, here 33 bytes", StringComparison.Ordinal);

    /// <summary>
    /// A metacopy of a file with several links is given an absolute redirect; the kernel asks the inner overlay's inode, which was made
    /// with one link (ovl_get_inode, a lower hard link), and takes the relative one. Both lead to the file.
    /// </summary>
    private static bool IsRedirectOfLinkedFile(string line) =>
        line == "moved: xattr trusted.overlay.redirect: kernel in kernel hard, here /hard";
}

/// <summary>Three of ours in one another; the kernel allows two.</summary>
internal sealed class DeepNestTests
{
    private const int Depth = 4;

    [Test]
    public void Overlay_FourDeep_WorksAndUnmounts()
    {
        using Sandbox sandbox = Sandbox.OnDisk();
        string below = sandbox.MakeDirectory("l");
        Bash.Run("mkdir d; for i in 1 2 3 4 5; do echo $i > f$i; echo $i > d/$i; done", below);
        var mounts = new Stack<OverlayMount>();
        try
        {
            for (int level = 1; level <= Depth; level++) below = MountLevel(sandbox, mounts, below, level);
            Assert.That(Bash.Run("cat f1 f2 f3 f4 f5 | xargs; ls | xargs; ls d; sync -f .", below, timeoutSeconds: 60),
                Is.EqualTo("1 level1 2 level2 3 level3 4 level4 5\nd f1 f2 f3 f4 f5\n5\n"));
            while (mounts.Count > 0) mounts.Pop().Unmount();
        }
        finally
        {
            while (mounts.Count > 0) mounts.Pop().Dispose();
        }
    }

    /// <summary>Each level appends to a file of its own and removes one name.</summary>
    private static string MountLevel(Sandbox sandbox, Stack<OverlayMount> mounts, string below, int level)
    {
        string mountpoint = sandbox.PathOf($"m{level}");
        var options = new OverlayOptions([below], sandbox.MakeDirectory($"u{level}"), sandbox.MakeDirectory($"w{level}"));
        var mount = FuseOverlay.Mount(ProgramUnderTest.Path, options, mountpoint);
        mounts.Push(mount);
        mount.AbortAfter(TimeSpan.FromSeconds(60));
        Bash.Run($"echo level{level} >> f{level}; rm d/{level}", mountpoint, timeoutSeconds: 60);
        return mountpoint;
    }
}
