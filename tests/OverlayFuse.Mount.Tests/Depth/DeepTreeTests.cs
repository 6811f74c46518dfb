using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Depth;

/// <summary>
/// How deep a tree is, any user chooses: whatever is done at its end, the daemon neither overflows a stack nor takes a descriptor for each
/// level.
/// </summary>
internal sealed class DeepTreeTests
{
    private const int Deepest = 100_000;

    /// <summary>Enough to overflow the stack of a worker by any recursion over the ancestors; each mode has its turn.</summary>
    private const int Deep = 3_000;

    private DeepTree tree = null!;

    [SetUp]
    public void MakeTree() => tree = new DeepTree();

    [TearDown]
    public void RemoveTree() => tree.Dispose();

    [Test]
    public void UpperTree_OfTheDeepest_IsMadeAndUsedAtItsEnd()
    {
        tree.Mount();

        string seen = tree.Run($"""
            down('merged/top', {Deepest}, make=True)
            push('{tree.Merged}')
            print(os.listdir('.'), open('leaf').read())
            open('new', 'w').write('n')
            os.chmod('leaf', 0o600)
            os.rename('new', 'newer')
            os.chdir('..')
            os.rename('d', 'e')
            os.rename('{tree.Merged}/top/d', '{tree.Merged}/moved')
            print(os.listdir('.'), sorted(os.listdir('e')))
            """);

        Assert.That(seen, Is.EqualTo("['leaf'] leaf\n['e'] ['leaf', 'newer']\n"));
        tree.Unmount();
    }

    /// <summary>On the way up the daemon opens each directory anew; from the root, that would be the square of their number.</summary>
    [Test]
    public void UpperTree_Removed_IsGoneInTime()
    {
        tree.Mount();
        tree.Run("down('merged/top', 30_000, make=True)");

        tree.Shell("rm -r merged/top/d");

        Assert.That(tree.Shell("ls merged/top"), Is.Empty);
        tree.Unmount();
    }

    [Test]
    public void LowerTree_OfTheDeepest_IsReadFromItsEnd()
    {
        tree.Run($"down('lower/top', {Deepest}, make=True)\npush('{tree.Lower}')");
        tree.Mount(isWritable: false);

        string seen = tree.Run($"""
            down('merged/top', {Deepest})
            push('{tree.Merged}')
            print(os.listdir('.'), open('leaf').read(), os.path.exists('none'))
            for _ in range(2000): os.chdir('..'); os.listdir('.')
            print(os.listdir('.'))
            """);

        Assert.That(seen, Is.EqualTo("['leaf'] leaf False\n['d']\n"));
    }

    /// <summary>
    /// Each ancestor is copied up first. On the kernel's overlayfs, too, that costs the square of their number: rename(2) looks at all
    /// ancestors.
    /// </summary>
    [TestCase(12_000)]
    [TestCase(Deepest, Category = "Soak")]
    public void LowerTree_ChangedAtItsEnd_IsCopiedUp(int levels)
    {
        tree.Run($"down('lower/top', {levels}, make=True)");
        tree.Mount();

        tree.Run($"""
            down('{tree.Merged}/top', {levels})
            push('{tree.Merged}')
            os.chmod('leaf', 0o600)
            open('leaf', 'a').write(' changed')
            """);

        Assert.That(tree.Run($"down('upper/top', {levels})\nprint(open('leaf').read(), oct(os.stat('leaf').st_mode))"),
            Is.EqualTo("leaf changed 0o100600\n"));
        tree.Unmount();
    }

    [TestCase("", "", "")]
    [TestCase("", "", "-s")]
    [TestCase("io=passthrough", "", "")]
    [TestCase("io=open,writeback=1", "", "")]
    [TestCase("index=on,redirect_dir=on", "", "")]
    [TestCase("metacopy=on,redirect_dir=on", "", "")]
    [TestCase("nfs_export=on,index=on", "", "")]
    [TestCase("", "FUSE_OVERLAYFS_DISABLE_OVL_WHITEOUT=1", "")]
    public void BothTrees_InEachMode_AreUsedAndRemoved(string options, string environment, string flags)
    {
        tree.Run($"down('lower/top', {Deep}, make=True)");
        tree.Mount(options, environment, flags);

        string seen = tree.Run($"""
            down('{tree.Merged}/top', {Deep})
            push('{tree.Merged}')
            print(os.listdir('.'), open('leaf').read())
            os.chmod('leaf', 0o600)
            os.rename('leaf', 'moved')
            push('{tree.Merged}')
            open('moved', 'a').write(' changed')
            print(open('moved').read())
            os.mkdir('{tree.Merged}/made')
            down('{tree.Merged}/made', {Deep}, make=True)
            push('{tree.Merged}')
            os.rename('leaf', '{tree.Merged}/made/elsewhere')
            print(os.listdir('.'), oct(os.stat('{tree.Merged}/made/elsewhere').st_mode))
            """);
        tree.Shell("rm -r merged/top merged/made");

        Assert.That(seen, Is.EqualTo("['leaf'] leaf\nleaf changed\n[] 0o100644\n"));
        Assert.That(tree.Shell("ls merged"), Is.EqualTo("push\n"));
        tree.Unmount();
    }

    [TestCase("", "", "-s"), TestCase("io=passthrough", "", ""), TestCase("io=open,writeback=1", "", "")]
    [TestCase("index=on,redirect_dir=on", "", "")]
    [TestCase("metacopy=on,redirect_dir=on", "", ""), TestCase("nfs_export=on,index=on", "", "")]
    [TestCase("", "FUSE_OVERLAYFS_DISABLE_OVL_WHITEOUT=1", "")]
    [Category("Soak")]
    public void BothTrees_OfTheDeepestInEachMode_AreUsedAtTheirEnds(string options, string environment, string flags)
    {
        tree.Run($"down('lower/top', {Deepest}, make=True)");
        tree.Mount(options, environment, flags);

        string seen = tree.Run($"""
            down('{tree.Merged}/top', {Deepest})
            push('{tree.Merged}')
            print(os.listdir('.'), open('leaf').read())
            os.mkdir('{tree.Merged}/made')
            down('{tree.Merged}/made', {Deepest}, make=True)
            push('{tree.Merged}')
            os.chmod('leaf', 0o600)
            os.rename('leaf', '{tree.Merged}/made/elsewhere')
            print(os.listdir('.'), oct(os.stat('{tree.Merged}/made/elsewhere').st_mode))
            """);

        Assert.That(seen, Is.EqualTo("['leaf'] leaf\n[] 0o100600\n"));
        tree.Unmount();
    }

    /// <summary>
    /// Directories that the kernel knows get new lower parts, parents first; here the deepest one has been known for longest.
    /// </summary>
    [Test]
    public void AddLayer_WhileADeepTreeIsKnown_FindsItsDirectoriesAgain()
    {
        const int levels = 10_000;
        tree.Shell("mkdir added; echo added > added/more");
        tree.Mount();

        string seen = tree.Run($"""
            import subprocess
            os.chdir('{tree.Merged}')
            os.mkdir('deep')
            open('deep/leaf', 'w').write('leaf')
            for _ in range({levels}):
                os.mkdir('above')
                os.rename('deep', 'above/d')
                os.rename('above', 'deep')
            added = subprocess.run(['{ProgramUnderTest.Path}', 'add-layer', '{tree.Merged}', '{tree.PathOf("added")}'],
                cwd='/', capture_output=True, text=True)
            print(added.returncode, added.stderr, open('more').read())
            down('deep', {levels})
            print(os.listdir('.'), open('leaf').read())
            """);

        Assert.That(seen, Is.EqualTo("0  added\n\n['leaf'] leaf\n"));
        tree.Unmount();
    }

    /// <summary>
    /// The way down to a directory is opened again and again while a rename makes it another: it is never taken for lost, nor for something
    /// else.
    /// </summary>
    [TestCase("upper")]
    [TestCase("lower")]
    public void Rename_OfAnAncestorThatIsOpenedAgainMeanwhile_LosesNothing(string where)
    {
        tree.Run("""
            for top in ['upper/a', 'lower/a', 'upper/b'] + [f'lower/others/{i}' for i in range(40)]:
                os.makedirs(top)
            """);
        tree.Run($"down('{where}/a', 40, make=True)");
        tree.Mount("redirect_dir=on,attr_timeout=0,entry_timeout=0", descriptors: 64);

        string seen = tree.Run($$"""
            import threading, time
            deep = os.open('{{tree.Merged}}/a/' + 'd/' * 40, os.O_RDONLY)
            end = time.time() + 3
            lost, looks, renames = [], 0, 0
            def rename():
                global renames
                while time.time() < end:
                    for a, b in ('a', 'b'), ('b', 'a'):
                        os.rename(f'{{tree.Merged}}/{a}/d', f'{{tree.Merged}}/{b}/d')
                        os.rename(f'{{tree.Merged}}/{b}/d/d/d', f'{{tree.Merged}}/{b}/d/d/e')
                        os.rename(f'{{tree.Merged}}/{b}/d/d/e', f'{{tree.Merged}}/{b}/d/d/d')
                        renames += 3
            thread = threading.Thread(target=rename)
            thread.start()
            while time.time() < end:
                for i in range(40): os.listdir(f'{{tree.Merged}}/others/{i}')
                for name, size in ('leaf', 4), ('d' * 250, None):
                    try:
                        found = os.stat(name, dir_fd=deep).st_size
                    except FileNotFoundError:
                        found = None
                    except OSError as e:
                        found = e
                    if found != size: lost.append((name[:4], found))
                    looks += 1
            thread.join()
            print(lost[:3], looks > 10, renames > 10)
            """);

        Assert.That(seen, Is.EqualTo("[] True True\n"));
        tree.Unmount();
    }

    /// <summary>What another overlay, or anybody who has the disk, left in work.</summary>
    [Test]
    public void WorkDirectory_HoldsTheDeepestTree_IsEmptiedAtTheMount()
    {
        tree.Run($"""
            os.makedirs('work/work/a')
            down('work/work/a', {Deepest}, make=True)
            os.makedirs('{tree.Work}/work/b/c/d')
            open('{tree.Work}/work/b/c/file', 'w')
            open('{tree.Work}/work/file', 'w')
            os.symlink('{tree.Lower}', '{tree.Work}/work/b/link')
            """);

        tree.Mount();

        Assert.That(tree.Shell("ls -A work/work; ls lower; ls merged"), Is.EqualTo("top\ntop\n"));
        tree.Unmount();
    }
}
