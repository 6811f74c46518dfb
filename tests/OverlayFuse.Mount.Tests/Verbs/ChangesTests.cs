using System.Globalization;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>
/// `overlayfuse changes` and `run --diff` of layers that are odd, deep or large. What is in them is made beside the mount.
/// </summary>
internal sealed class ChangesTests
{
    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox() => sandbox = new CliSandbox();

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    /// <summary>A redirect through a symbolic link out of the layer leads nowhere, as in the mount.</summary>
    [Test]
    public void Changes_RedirectThroughASymlink_StaysInTheLayers()
    {
        sandbox.Shell("mkdir -p out/dir/sub a/x u/x; touch out/dir/SECRET; ln -s ../out b/evil; "
            + "setfattr -n trusted.overlay.redirect -v /evil/dir u/x; touch u/x/new");
        Assert.That(BothLists(), Is.EqualTo(new[] { "A x/new\n", "A x/new\n" }));
    }

    /// <summary>Names along a redirect may be whiteouts or files: then nothing lies below.</summary>
    [TestCase("mkdir -p a b/far/dir; mknod a/far c 0 0; touch b/far/dir/hidden", "D below\nA x\nA x/new\n")]
    [TestCase("mkdir -p b/far/dir; touch a/far b/far/dir/hidden", "D below\nA x\nA x/new\n")]
    [TestCase("mkdir -p a/far b/far/dir; setfattr -n trusted.overlay.opaque -v y a/far; touch b/far/dir/hidden", "D below\nA x\nA x/new\n")]
    [TestCase("mkdir -p b/far/dir; touch b/far/dir/seen", "D below\nA x\nA x/new\nA x/seen\n")]
    public void Changes_PathOfARedirect_IsReadAsInTheMount(string layers, string expected)
    {
        sandbox.Shell(layers + "; mkdir -p u/x; setfattr -n trusted.overlay.redirect -v /far/dir u/x; touch u/x/new; mknod u/below c 0 0");
        Assert.That(BothLists(), Is.EqualTo(new[] { expected, expected }));
    }

    /// <summary>
    /// A redirect may say anything. One that would lead out of the layers is an error in the mount, and nothing below is listed; one to a
    /// name that no file can have finds nothing.
    /// </summary>
    [TestCase("..", "A d\n")]
    [TestCase(".", "A d\n")]
    [TestCase("../..", "A d\n")]
    [TestCase("/..", "A d\n")]
    [TestCase("/x/..", "A d\n")]
    [TestCase("/x/../x", "A d\n")]
    [TestCase("/x/.", "A d\n")]
    [TestCase("N", "A d\nA d/new\n")]
    [TestCase("/N", "A d\nA d/new\n")]
    [TestCase("/N/x", "A d\nA d/new\n")]
    [TestCase("/x", "A d\nA d/new\nA d/old\n")]
    public void Changes_RedirectThatLeadsElsewhere_ListsNothingFromOutside(string redirect, string expected)
    {
        string value = redirect.Replace("N", new string('n', 300), StringComparison.Ordinal), start = new('n', 255);
        sandbox.Shell($"mkdir -p u/d a/x a/{start}/x b/x; touch u/d/new a/x/old a/{start}/secret a/{start}/x/secret; "
            + $"setfattr -n trusted.overlay.redirect -v {value} u/d");
        Assert.That(BothLists(), Is.EqualTo(new[] { expected, expected }));
    }

    /// <summary>
    /// What the mount's options do not let anybody follow is not followed here: all that has such a mark is refused there.
    /// </summary>
    [TestCase("userxattr", "user", "A d\nM f\n")]
    [TestCase("redirect_dir=nofollow", "trusted", "A d\nM f\n")]
    [TestCase("metacopy=on", "trusted", "A d\nA d/new\nA d/old\n")]
    public void Changes_MarksThatTheMountDoesNotFollow_AreNotFollowed(string options, string prefix, string expected)
    {
        sandbox.Shell($"mkdir -p u/d a/x; touch u/d/new a/x/old; echo data > a/f; truncate -s 5 u/f; touch -d 2001-01-01 a/f u/f; "
            + $"setfattr -n {prefix}.overlay.redirect -v /x u/d; setfattr -n {prefix}.overlay.metacopy u/f");
        Assert.That(BothLists(options), Is.EqualTo(new[] { expected, expected }));
    }

    /// <summary>
    /// An empty file with xattr "whiteout" hides what is below it in any layer and in any directory, on the path of a redirect too.
    /// </summary>
    [TestCase("touch u/below; setfattr -n trusted.overlay.whiteout -v y u/below", "D below\n")]
    [TestCase("mkdir -p a/d b/d u/d; touch a/d/x b/d/x; setfattr -n trusted.overlay.whiteout -v y a/d/x; touch u/d/x", "A d/x\n")]
    [TestCase("mkdir -p u/d b/far/dir; touch a/far b/far/dir/hidden u/d/new; setfattr -n trusted.overlay.whiteout -v y a/far; "
        + "setfattr -n trusted.overlay.redirect -v /far/dir u/d", "A d\nA d/new\n")]
    public void Changes_WhiteoutsThatAreFiles_HideEverywhere(string layers, string expected)
    {
        sandbox.Shell(layers);
        Assert.That(BothLists(), Is.EqualTo(new[] { expected, expected }));
    }

    /// <summary>Where a directory is opaque in the last layer that its parent merges, its redirect is not followed either.</summary>
    [TestCase("y", "A p\nA p/d\nA p/d/new\n")]
    [TestCase("n", "A p\nA p/d\nA p/d/far\nA p/d/new\n")]
    public void Changes_OpaqueAtTheBottomWithARedirect_EndsThere(string opaque, string expected)
    {
        sandbox.Shell($"mkdir -p u/p/d a/q/d b/far; touch b/far/far u/p/d/new; setfattr -n trusted.overlay.redirect -v q u/p; "
            + $"setfattr -n trusted.overlay.opaque -v {opaque} a/q/d; setfattr -n trusted.overlay.redirect -v /far a/q/d");
        Assert.That(BothLists().Select(WithoutOthers), Is.EqualTo(new[] { expected, expected }));

        static string WithoutOthers(string list) =>
            string.Concat(list.Split('\n').Where(line => line.StartsWith("A p", StringComparison.Ordinal)).Select(line => line + "\n"));
    }

    /// <summary>The data of a metacopy are in the first data-only layer that has a regular file there.</summary>
    [Test]
    public void Changes_DataLayerWithAnotherThanAFile_IsPassedOver()
    {
        sandbox.Shell("mkdir -p d1/data d2; echo data > d2/data; truncate -s 5 a/f; cp d2/data u/f; touch -d 2001-01-01 a/f u/f; "
            + "setfattr -n trusted.overlay.metacopy a/f; setfattr -n trusted.overlay.redirect -v /data a/f");
        sandbox.Mount("-o", "lowerdir=a::d1::d2,upperdir=u,workdir=w,metacopy=on", sandbox.MountPoint);
        ToolResult changes = Limited("changes m");
        string content = File.ReadAllText(sandbox.PathOf("m", "f"));
        Assert.That(sandbox.Start("unmount", "m").ExitCode, Is.Zero);
        Assert.That((changes.ExitCode, changes.Error, changes.Output, content), Is.EqualTo((0, "", "", "data\n")));
    }

    [TestCase("truncate -s 4T a/big u/big", "")]
    [TestCase("truncate -s 4T a/big u/big; echo x | dd of=u/big bs=1 seek=3T conv=notrunc status=none", "M big\n")]
    [TestCase("truncate -s 4T a/big u/big; echo x | dd of=a/big bs=1 seek=3T conv=notrunc status=none", "M big\n")]
    [TestCase("truncate -s 4T a/big u/big; for f in a u; do echo x | dd of=$f/big bs=1 seek=3T conv=notrunc status=none; done", "")]
    [TestCase("truncate -s 4T a/big u/big; head -c 100k /dev/zero | dd of=u/big bs=1M seek=1M oflag=seek_bytes conv=notrunc status=none",
        "")]
    public void Changes_SparseFilesOfTerabytes_ReadsTheirDataAlone(string make, string expected)
    {
        sandbox.Shell($"mount -t tmpfs t a; mount -t tmpfs t b; {make}; touch -d 2001-01-01 a/big u/big");
        Assert.That(BothLists(), Is.EqualTo(new[] { expected, expected }));
    }

    /// <summary>One that differs in the last byte, behind holes of different sizes; and its equal.</summary>
    [TestCase("y", "M f\n")]
    [TestCase("x", "")]
    public void Changes_DataAgainstHoles_AreCompared(string last, string expected)
    {
        sandbox.Shell($"head -c 300000 /dev/zero > a/f; echo x >> a/f; truncate -s 300000 u/f; echo {last} >> u/f; "
            + $"touch -d 2001-01-01 a/f u/f");
        Assert.That(BothLists(), Is.EqualTo(new[] { expected, expected }));
    }

    /// <summary>Two copies without data exchange their names: sizes and times are the same, the data are not.</summary>
    [Test]
    public void Changes_MetacopiesThatChangedPlaces_ComparesTheirData()
    {
        sandbox.Shell("echo one > a/one; echo two > a/two; touch -d 2001-01-01 a/one a/two");
        sandbox.Shell("mkdir k; mount -t overlay -o lowerdir=a,upperdir=u,workdir=w,metacopy=on,redirect_dir=on o k; "
            + "chmod 600 k/one k/two; chmod 644 k/one k/two; mv k/one k/x; mv k/two k/one; mv k/x k/two; umount k");
        Assert.That(BothLists(), Is.EqualTo(new[] { "M one\nM two\n", "M one\nM two\n" }));
    }

    /// <summary>The order is that of the paths' bytes, in which "d/x" comes behind "d!".</summary>
    [Test]
    public void Changes_Names_AreEscapedAndSortedByBytes()
    {
        _ = Bash.Run(
            """mkdir u/d u/d/e; touch u/d/e/x u/d! u/d-x u/d0 u/$'\e[31m' u/$'new\nline' 'u/back\slash' u/é u/$'\xff' u/$'\xe2\x80\xae'""",
            sandbox.Root);
        const string expected = "A \\033[31m\nA back\\134slash\nA d\nA d!\nA d-x\nA d/e\nA d/e/x\nA d0\nA new\\012line\nA é\nA "
            + "\\342\\200\\256\nA \\377\n";
        Assert.That(BothLists(), Is.EqualTo(new[] { expected, expected }));
    }

    /// <summary>
    /// Deeper than PATH_MAX, than the stack and than the limit of descriptors. In the second, each level has one more file to compare on
    /// the way back.
    /// </summary>
    [TestCase(100_000, "")]
    [TestCase(5_000, "z")]
    public void Changes_DeepTreesInUpperAndLower_ListsTheChangeAtTheEnd(int levels, string beside)
    {
        sandbox.Shell("mount -t tmpfs -o nr_inodes=0 t a; mount -t tmpfs -o nr_inodes=0 t b; mkdir b/u b/w");
        string deep = sandbox.PathOf("deep"), count = levels.ToString(CultureInfo.InvariantCulture);
        Tool.Run("gcc", "-O", "-Wall", "-Wextra", "-Werror", "-o", deep,
            Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Verbs", "deep.c"));
        string[] sides = [.. beside.Length > 0 ? new[] { beside } : []];
        Tool.Run(deep, [sandbox.PathOf("a"), count, "old", .. sides]);
        Tool.Run(deep, [sandbox.PathOf("b", "u"), count, "new"]);
        string expected = "A " + string.Concat(Enumerable.Repeat("d/", levels)) + "new\n";

        ToolResult mounted = sandbox.Start("-o", "lowerdir=a,upperdir=b/u,workdir=b/w", sandbox.MountPoint);
        ToolResult changes = Limited("changes m");
        ToolResult unmounted = sandbox.Start("unmount", "m");
        ToolResult diff = Limited("run --diff --upper b/u --lower a --at m -- true");

        Assert.That(new[] { mounted, changes, unmounted, diff }.Select(result => (result.ExitCode, result.Error)), Is.All.EqualTo((0, "")));
        Assert.That(changes.Output == expected && diff.Output == expected,
            $"{changes.Output.Length} and {diff.Output.Length} characters for {expected.Length}");
    }

    /// <summary>What `changes` of a live mount lists, and `run --diff` of the same layers.</summary>
    private string[] BothLists(string options = "noatime")
    {
        sandbox.Mount("-o", $"{CliSandbox.Writable},{options}", sandbox.MountPoint);
        ToolResult changes = Limited("changes m");
        Assert.That(sandbox.Start("unmount", "m").ExitCode, Is.Zero);
        ToolResult diff = Limited($"run --diff -o {options} --upper u --lower a --lower b --at m -- true");
        Assert.That((changes.ExitCode, changes.Error, diff.ExitCode, diff.Error), Is.EqualTo((0, "", 0, "")));
        return [changes.Output, diff.Output];
    }

    private ToolResult Limited(string words) => Bash.Try($"ulimit -n 200; exec '{Overlayfuse.Path}' {words}", sandbox.Root);
}
