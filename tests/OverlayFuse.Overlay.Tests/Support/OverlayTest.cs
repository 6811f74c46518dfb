using OverlayFuse.Linux;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Overlay.Tests.Support;

/// <summary>
/// A test over real layers. Whatever it does, at its end: the lower layers are as they were, to the last inode number and time; every
/// inode is forgotten; the work directory is empty; no descriptor is left.
/// </summary>
public abstract class OverlayTest
{
    private readonly List<OverlayUnderTest> _overlays = [];
    private readonly List<TreeSnapshot> _lowers = [];
    private Sandbox _sandbox = null!;
    private int _descriptors;

    /// <summary>Whether lower layers may be changed: in tests of what happens when somebody does.</summary>
    protected virtual bool ChangesLowers => false;

    private protected string Directory => _sandbox.Root;

    private protected Sandbox Sandbox => _sandbox;

    [SetUp]
    public void OpenSandbox()
    {
        _descriptors = Descriptors.Count();
        _sandbox = MakeSandbox();
    }

    [TearDown]
    public void CloseAndCheck()
    {
        try
        {
            Assert.Multiple(() =>
            {
                for (int i = 0; i < _overlays.Count; i++)
                    End(_overlays[i], i);
                Assert.That(Descriptors.Count(), Is.EqualTo(_descriptors), "descriptors open after the overlay is gone");
            });
        }
        finally
        {
            _overlays.Clear();
            _lowers.Clear();
            _sandbox.Dispose();
        }
    }

    private protected virtual Sandbox MakeSandbox() => Sandbox.InMemory();

    /// <summary>An overlay of lower layers, topmost first, and an upper that is empty.</summary>
    private protected OverlayUnderTest Open(params DiskLayer[] lowers) => OpenOver(null, options => options, lowers);

    /// <summary>An overlay with an upper that holds something.</summary>
    private protected OverlayUnderTest OpenUpper(DiskLayer upper, params DiskLayer[] lowers) => OpenOver(upper, options => options, lowers);

    private protected OverlayUnderTest OpenOver(DiskLayer? upper, Func<OverlayOptions, OverlayOptions> with, params DiskLayer[] lowers)
    {
        for (int i = 0; i < lowers.Length; i++)
            LayerBuilder.Build(lowers[i], _sandbox.PathOf("lower" + i));
        LayerBuilder.Build(upper ?? new DiskLayer(), _sandbox.PathOf("upper"));
        return Reopen(with, lowers.Length);
    }

    /// <summary>Mounts what is in the sandbox already.</summary>
    private protected OverlayUnderTest Reopen(Func<OverlayOptions, OverlayOptions>? with = null, int lowers = 1)
    {
        _sandbox.MakeDirectory("work");
        var options = new OverlayOptions
        {
            LowerDirs = [.. Enumerable.Range(0, lowers).Select(i => _sandbox.PathOf("lower" + i))],
            UpperDir = _sandbox.PathOf("upper"),
            WorkDir = _sandbox.PathOf("work"),
        };
        if (_lowers.Count == 0 && !ChangesLowers)
            _lowers.AddRange(options.LowerDirs.Select(path => TreeSnapshot.Take(path, TreeView.Untouched)));
        var overlay = new OverlayUnderTest(_sandbox.Root, with is null ? options : with(options));
        _overlays.Add(overlay);
        return overlay;
    }

    /// <summary>Ends an overlay before the test ends.</summary>
    private protected void Close(OverlayUnderTest overlay)
    {
        int index = _overlays.IndexOf(overlay);
        End(overlay, index);
        _overlays.RemoveAt(index);
    }

    private void End(OverlayUnderTest overlay, int index)
    {
        overlay.ForgetAll();
        int known = overlay.FileSystem.View.Inodes.Count;
        overlay.Dispose();
        Assert.That(known, Is.EqualTo(1), $"overlay {index}: inodes known after all was forgotten, the root included");
        if (System.IO.Directory.Exists(overlay.Work()))
            Assert.That(System.IO.Directory.EnumerateFileSystemEntries(overlay.Work()), Is.Empty, "left in the work directory");
        for (int i = 0; i < _lowers.Count; i++)
        {
            TreeSnapshot now = TreeSnapshot.Take(overlay.Lower(i), TreeView.Untouched);
            Assert.That(now.Differences(_lowers[i], "after", "before"), Is.Empty, $"lower layer {i} was changed");
        }
    }
}

/// <summary>The descriptors of this process.</summary>
internal static class Descriptors
{
    private static readonly string[] s_ofTheRuntime = ["/dev/", "/usr/", "/proc/", "/sys/", "/memfd:", "/root/", AppContext.BaseDirectory];

    /// <summary>
    /// Those that lead to a file or directory, in a detached mount too; what the runtime and the test host hold comes and goes.
    /// </summary>
    public static int Count() => System.IO.Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(Target).Count(target =>
        target.StartsWith('/') && !s_ofTheRuntime.Any(prefix => target.StartsWith(prefix, StringComparison.Ordinal)));

    private static string Target(string link)
    {
        Span<byte> target = stackalloc byte[4096];
        Errno error = Sys.ReadLinkAt(Fd.WorkingDirectory, Linux.Name.From(link), target, out int length);
        return error == Errno.None ? System.Text.Encoding.UTF8.GetString(target[..length]) : "";
    }
}
