using OverlayFuse.Linux;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Tests;

/// <summary>
/// Lower layers as they are opened at mount time: which clone they are on, and that each is the directory that was checked.
/// </summary>
internal sealed class LowerOpenerTests
{
    private string _root = "";

    [SetUp]
    public void MakeRoot() => _root = Directory.CreateTempSubdirectory("ovf-lower").FullName;

    [TearDown]
    public void RemoveRoot() => Directory.Delete(_root, recursive: true);

    [Test]
    public void Open_LayersOfOneMount_AreOnOneReadOnlyClone()
    {
        string[] paths = [Make("a/1"), Make("a/2"), Make("b")];
        Directory.CreateSymbolicLink(_root + "/link", "b");
        paths[2] = _root + "/link";
        ulong[] mounts = [.. Opened(Checked(paths)).Select(layer => layer.Mount)];
        Assert.That(mounts.Distinct().Count(), Is.EqualTo(1));
        Assert.That(mounts[0], Is.Not.EqualTo(MountOf(_root)));
    }

    [Test]
    public void Open_LayersOfOneMount_AreTheDirectoriesThatWereNamed()
    {
        string[] paths = [Make("a/1"), Make("a/12"), Make("a")[..^1] + "b"];
        Directory.CreateDirectory(paths[2]);
        Assert.That(Opened(Checked(paths)).Select(layer => layer.Ino), Is.EqualTo(paths.Select(InoOf)));
    }

    [Test]
    public void Open_LayerThatIsAMountItself_IsThatMount()
    {
        string[] paths = [Make("1"), Make("2"), Make("3")];
        Assert.That(Sys.Mount(Name.From("t"), Name.From(paths[1]), Name.From("tmpfs"), 0, Name.From("")), Is.EqualTo(Errno.None));
        try
        {
            Assert.That(Opened(Checked(paths)).Select(layer => layer.Ino), Is.EqualTo(paths.Select(InoOf)));
        }
        finally
        {
            Assert.That(Sys.Unmount(Name.From(paths[1]), detach: true), Is.EqualTo(Errno.None));
        }
    }

    [Test]
    public void Open_LayerThatWasReplacedSinceTheCheck_IsTheOneAtItsPathNow()
    {
        string[] paths = [Make("1"), Make("2")];
        OverlayOptions options = Checked(paths);
        Directory.Move(paths[1], _root + "/old");
        Directory.CreateDirectory(paths[1]);
        Assert.That(Opened(options).Select(layer => layer.Ino), Is.EqualTo(paths.Select(InoOf)));
    }

    [Test]
    public void Open_LayerThatIsGoneSinceTheCheck_IsNamedInTheError()
    {
        string[] paths = [Make("1"), Make("2")];
        OverlayOptions options = Checked(paths);
        Directory.Delete(paths[1]);
        Assert.That(() => Opened(options),
            Throws.TypeOf<IOException>().With.Message.StartsWith(paths[1] + ": cannot open the layer: ENOENT"));
    }

    [TestCase("/a/b", "/a/b", "/a/b")]
    [TestCase("/a/b", "/a/bc", "/a")]
    [TestCase("/a/b", "/a/b/c", "/a/b")]
    [TestCase("/a", "/b", "/")]
    [TestCase("/", "/b", "/")]
    public void CommonPath_OfTwo_EndsAtADirectory(string one, string other, string common) =>
        Assert.That((CommonPath.Of(one, other), CommonPath.Of(other, one)), Is.EqualTo((common, common)));

    private static OverlayOptions Checked(string[] paths)
    {
        using UpperHold hold = LayerChecks.Check(new OverlayOptions { LowerDirs = paths, ReadOnly = true }, null);
        return hold.Options;
    }

    private static List<(ulong Ino, ulong Mount)> Opened(OverlayOptions options)
    {
        using LayerStack stack = LayerStack.Open(options);
        return [.. stack.Lowers.Select(layer => (layer.RootIno, MountOf(layer.Root.Fd)))];
    }

    private string Make(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

    private static ulong InoOf(string path)
    {
        Assert.That(Sys.StatxAt(Fd.WorkingDirectory, Name.From(path), out Statx stat), Is.EqualTo(Errno.None));
        return stat.Ino;
    }

    private static ulong MountOf(string path)
    {
        Assert.That(Sys.StatxAt(Fd.WorkingDirectory, Name.From(path), out Statx stat, StatxMask.MountId), Is.EqualTo(Errno.None));
        return stat.MountId;
    }

    private static ulong MountOf(Fd directory)
    {
        Assert.That(Sys.FStatx(directory, out Statx stat, StatxMask.MountId), Is.EqualTo(Errno.None));
        return stat.MountId;
    }
}
