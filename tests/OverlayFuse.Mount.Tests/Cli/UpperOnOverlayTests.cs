using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Cli;

/// <summary>
/// An upper that lies on the kernel's overlayfs, as in a container that builds images: no whiteout device can be made there. What is seen
/// must be what the kernel's overlayfs shows on a plain disk after the same commands, at once and after the next mount.
/// </summary>
internal sealed class UpperOnOverlayTests
{
    private const string Layers = """
        mkdir -p low/d/sub low/e low/full/of/dirs low2/d low2/full
        echo f >low/f; echo g >low/g; echo x >low/d/x; echo y >low/d/sub/y; echo z >low2/d/z; echo t >low2/full/t; ln -s f low/link
        ln low/g low/g2; echo odd >low/.hidden
        """;

    private const string Commands = """
        rm f; echo again >f; rm g; rm -r d; mkdir d; echo new >d/n; rm link; ln -s other link
        mkdir made made/in; echo 1 >made/in/1; mv made moved; mv moved/in e/in; rm -r full; echo file >full
        echo h >h; ln h h2; mv h e/h; rm .hidden; mkdir .hidden; chmod 700 e; echo more >>g2; setfattr -n user.k -v v g2; rm -r e/in
        mkdir e/in
        """;

    private const string Look =
        """find . -mindepth 1 \( -type d -printf '%P %y %m\n' -o -printf '%P %y %m %s %l\n' \) | sort; """
        + """find . -type f | sort | xargs cat; getfattr -R -d . 2>/dev/null || true""";

    private CliSandbox sandbox = null!;

    [SetUp]
    public void MakeSandbox()
    {
        sandbox = new CliSandbox();
        sandbox.Shell(Layers);
    }

    [TearDown]
    public void RemoveSandbox() => sandbox.Dispose();

    private static IEnumerable<TestCaseData> Outers() =>
        from outer in new (string Name, string Arrange, string Options)[]
        {
            ("Plain", "mkdir o; mount -t overlay o -o lowerdir=a,upperdir=u,workdir=w o; mkdir o/u o/w", ""),
            ("OfUserXattrs", "mkdir o; mount -t overlay o -o lowerdir=a,upperdir=u,workdir=w,userxattr o; mkdir o/u o/w", ""),
            ("DirectoriesOfTheImage", "mkdir -p o a/u/e a/w; mount -t overlay o -o lowerdir=a,upperdir=u,workdir=w o", ""),
            ("WithRedirects", "mkdir o; mount -t overlay o -o lowerdir=a,upperdir=u,workdir=w o; mkdir o/u o/w", ",redirect_dir=on"),
            ("WithMetacopies", "mkdir o; mount -t overlay o -o lowerdir=a,upperdir=u,workdir=w o; mkdir o/u o/w", ",metacopy=on"),
            ("MarksOfUsers", "mkdir o; mount -t overlay o -o lowerdir=a,upperdir=u,workdir=w o; mkdir o/u o/w", ",userxattr"),
        }
        select new TestCaseData(outer.Arrange, outer.Options).SetArgDisplayNames(outer.Name);

    [TestCaseSource(nameof(Outers))]
    public void Change_OnAnUpperThatIsOnAnOverlay_IsSeenAsOnADisk(string arrange, string options)
    {
        sandbox.Shell("mkdir ku kw km; mount -t overlay o -o lowerdir=low:low2,upperdir=ku,workdir=kw km");
        sandbox.Shell($"cd km; {Commands}");
        string expected = View("km");
        sandbox.Shell(arrange);
        Mount(options);
        sandbox.Shell($"cd m; {Commands}");
        string live = View("m");
        Unmount();
        Mount(options);
        string again = View("m");
        sandbox.Shell(
            "rm m/f m/full; mkdir m/full; [ -z \"$(ls -A m/full)\" ]; rm -r m/e; [ ! -e m/e ]; mkdir m/e; [ -z \"$(ls -A m/e)\" ]");
        Unmount();
        Assert.Multiple(() =>
        {
            Assert.That(live, Is.EqualTo(expected));
            Assert.That(again, Is.EqualTo(expected), "after the next mount");
        });
    }

    /// <summary>Seen from outside of the container the upper lies on a disk, where whiteout devices could be made.</summary>
    [Test]
    public void Mount_OfTheSameUpperOnADisk_KeepsItsDeletions()
    {
        sandbox.Shell("mkdir -p o disk/u disk/w; mount -t overlay o -o lowerdir=a,upperdir=disk/u,workdir=disk/w o; mkdir o/u o/w");
        Mount("");
        sandbox.Shell("rm m/f; rm -r m/d; mkdir m/d");
        Unmount();
        sandbox.Shell("cp -a --preserve=xattr o/u plain; umount o; mkdir work");
        sandbox.Shell("mkdir disk/u/work");
        foreach (string options in new[] { "upperdir=plain,workdir=work", "upperdir=plain,workdir=work,ro",
            "upperdir=disk/u/u,workdir=disk/u/work" })
        {
            sandbox.Mount("-o", "lowerdir=low:low2," + options, sandbox.MountPoint);
            sandbox.Shell("[ ! -e m/f ]; [ -z \"$(ls -A m/d)\" ]; ! ls -A m | grep '^\\.wh\\.'");
            Unmount();
        }
    }

    [Test]
    public void Mount_OfAnUpperOnADisk_UsesWhiteoutDevices()
    {
        sandbox.Mount("-o", "lowerdir=low,upperdir=u,workdir=w", sandbox.MountPoint);
        sandbox.Shell("rm m/f; [ -c u/f ]; ! getfattr -n trusted.overlay.whnames u");
    }

    private void Mount(string options) => sandbox.Mount("-o", $"lowerdir=low:low2,upperdir=o/u,workdir=o/w{options}", sandbox.MountPoint);

    private void Unmount()
    {
        sandbox.Shell("umount m");
        Overlayfuse.AwaitNoDaemon(sandbox.MountPoint);
    }

    private string View(string directory) => Tool.Run("sh", "-ec", $"cd '{sandbox.PathOf(directory)}'; {Look}");
}
