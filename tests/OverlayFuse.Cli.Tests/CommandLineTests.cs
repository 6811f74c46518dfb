using OverlayFuse.Cli.Words;
using static OverlayFuse.Cli.Tests.Words;

namespace OverlayFuse.Cli.Tests;

/// <summary>Words of the command line, as mount(8), mount.fuse3, fuse-overlayfs' callers and people write them.</summary>
internal sealed class CommandLineTests
{
    [Test]
    public void Positionals_One_IsTheMountPoint()
    {
        MountRequest request = Read("-o", "lowerdir=/a", "/mnt");
        Assert.Multiple(() =>
        {
            Assert.That(request.MountPoint, Is.EqualTo("/mnt"));
            Assert.That(request.Source, Is.EqualTo("overlayfuse"));
        });
    }

    [Test]
    public void Positionals_Two_LastIsTheMountPoint()
    {
        MountRequest request = Read(
            "overlay", "/mnt", "-o", "workdir=/w", "-o", "upperdir=/u", "-o", "lowerdir=/a:/b", "-t", "fuse-overlayfs");
        Assert.Multiple(() =>
        {
            Assert.That(request.Source, Is.EqualTo("overlay"));
            Assert.That(request.MountPoint, Is.EqualTo("/mnt"));
            Assert.That(request.Overlay.UpperDir, Is.EqualTo("/u"));
            Assert.That(request.Overlay.WorkDir, Is.EqualTo("/w"));
            Assert.That(request.Overlay.LowerDirs, Is.EqualTo(new[] { "/a", "/b" }));
        });
    }

    [TestCase("the mountpoint is missing", "-o", "lowerdir=/a")]
    [TestCase("3 words", "-o", "lowerdir=/a", "one", "two", "three")]
    [TestCase("--nosuch: unknown option", "--nosuch", "/mnt")]
    [TestCase("-x: unknown option", "-x", "/mnt")]
    [TestCase("-o: a value is missing", "/mnt", "-o")]
    [TestCase("lowerdir= is missing", "/mnt")]
    [TestCase("lowerdir= is missing", "-o", "", "/mnt")]
    [TestCase("the mountpoint is missing", "-o", "lowerdir=/a", "")]
    public void Words_Wrong_AreRefusedWithTheReason(string reason, params string[] args) =>
        Assert.That(Refusal(args), Does.Contain(reason));

    [Test]
    public void DashO_GluedToItsValue_IsRead() =>
        Assert.That(Read("-olowerdir=/a", "/mnt").Overlay.LowerDirs, Is.EqualTo(new[] { "/a" }));

    [Test]
    public void DashO_SeveralTimes_AllCount()
    {
        MountRequest request = Read("-o", "lowerdir=/a", "/mnt", "-o", "volatile", "-onodev");
        Assert.Multiple(() =>
        {
            Assert.That(request.Overlay.Volatile, Is.True);
            Assert.That(request.MountWords, Is.EqualTo(new[] { "nodev" }));
        });
    }

    [TestCase("-f", true, false, false)]
    [TestCase("--foreground", true, false, false)]
    [TestCase("-d", true, true, false)]
    [TestCase("-s", false, false, true)]
    [TestCase("-fs", true, false, true)]
    [TestCase("-sfo", true, false, true)]
    public void Letters_Alone_SetTheirSwitches(string word, bool foreground, bool trace, bool single)
    {
        string[] args = word.EndsWith('o') ? [word, "lowerdir=/a", "/mnt"] : [word, "-o", "lowerdir=/a", "/mnt"];
        MountRequest request = Read(args);
        Assert.That((request.Foreground, request.Trace, request.SingleThread), Is.EqualTo((foreground, trace, single)));
    }

    [Test]
    public void DoubleDash_BeforeAName_EndsTheOptions() =>
        Assert.That(Read("-o", "lowerdir=/a", "--", "-mnt").MountPoint, Is.EqualTo(Path.Combine(Environment.CurrentDirectory, "-mnt")));

    [TestCase("-h")]
    [TestCase("--help")]
    public void Help_Asked_IsSeen(string word) => Assert.That(CommandLine.Parse([word]).Help, Is.True);

    [TestCase("-V")]
    [TestCase("--version")]
    public void Version_Asked_IsSeen(string word) => Assert.That(CommandLine.Parse([word]).Version, Is.True);

    [Test]
    public void Paths_Relative_AreTakenAgainstTheWorkingDirectory()
    {
        string here = Environment.CurrentDirectory;
        MountRequest request = Read("-o", "lowerdir=l/A:l/../B,upperdir=u,workdir=w", "mnt");
        Assert.Multiple(() =>
        {
            Assert.That(request.Overlay.LowerDirs, Is.EqualTo(new[] { here + "/l/A", here + "/l/../B" }));
            Assert.That(request.Overlay.UpperDir, Is.EqualTo(here + "/u"));
            Assert.That(request.Overlay.WorkDir, Is.EqualTo(here + "/w"));
            Assert.That(request.MountPoint, Is.EqualTo(here + "/mnt"));
        });
    }
}
