using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Peers;

/// <summary>Names that came back, names that went with others, and layers that were not read as they are.</summary>
[TestFixture, Category("Peers")]
internal sealed class VisibilityTests : PeersTest
{
    [Test]
    public void Remove_OfANameInTheRoot_LeavesTheSameNameEverywhereElse()
    {
        Mount("mkdir -p sub/f.d\necho root > f\necho sub | tee sub/f sub/f.d/f >/dev/null");

        See("rm f");
        Remount();

        Assert.That(See("find . -mindepth 1 | sort\ncat sub/f"), Is.EqualTo("./sub\n./sub/f\n./sub/f.d\n./sub/f.d/f\nsub"));
    }

    [Test]
    public void RemoveAndMakeAgain_DirectoriesOfALowerTree_ShowNothingOfTheOld()
    {
        Mount("mkdir -p a/b/c\ntouch a/1 a/b/2 a/b/c/3");

        for (int round = 0; round < 3; round++)
        {
            See("rm -r a\ntest ! -e a\nmkdir -p a/b/c");
            Remount();
            Assert.That(See("find a | sort | tr '\\n' ' '"), Is.EqualTo("a a/b a/b/c "));
        }
    }

    [Test]
    public void Symlink_WhereAFileWasRemoved_IsThereAndCanBeFollowed()
    {
        Mount("echo x > f\necho y > g");

        See("rm f\nln -s g f");
        Remount();

        Assert.That(See("readlink f\ncat f"), Is.EqualTo("g\ny"));
    }

    [Test]
    public void OpaqueMarkOfAContainerLayer_InASubdirectory_HidesWhatIsBelowAtEachDepth()
    {
        string below = Sandbox.MakeDirectory("below");
        Bash.Run("mkdir -p a/b/c\ntouch a/old a/b/old a/b/c/old", below);
        Options = Options with { Lowers = [Lower, below] };
        Mount("mkdir -p a/b/c\ntouch a/b/.wh..wh..opq a/b/new");

        Assert.That(See("find a | sort | tr '\\n' ' '"), Is.EqualTo("a a/b a/b/c a/b/new a/old "));
    }

    /// <summary>
    /// What is mounted inside a layer is not of the layer. Seen: fuse-overlayfs 1.10 shows, and waits for, what is mounted there.
    /// </summary>
    [Test]
    public void MountInsideALayer_Looked_ShowsTheDirectoryBelow()
    {
        Bash.Run("mkdir inner\necho below > inner/b\nmount -t tmpfs none inner\ntouch inner/above", Lower);
        Mount("");

        Assert.That(See("ls inner\ncat inner/b"), Is.EqualTo("b\nbelow"));
    }

    /// <summary>
    /// One directory bound over another, so that two paths of a layer lead to one inode. Seen: fuse-overlayfs 1.10 has no file under one of
    /// the two.
    /// </summary>
    [Test]
    public void Write_BesideABindMountOfTheSameDirectory_GoesToThePathThatWasWritten()
    {
        Bash.Run("mkdir one two\necho old > one/f\nmount --bind one two", Lower);
        Mount("");

        See("cat one/f\necho one > one/f\necho two > two/f\ncat one/f");

        Assert.That(Bash.Run("cat one/f two/f", Options.Upper), Is.EqualTo("one\ntwo\n"));
    }

    /// <summary>Seen: fuse-overlayfs 1.10 cuts the file at its old length, and the old listing stays.</summary>
    [Test]
    public void ChangeInALowerLayer_WithTimeoutZero_IsSeenWithItsBytes()
    {
        Mount("echo short > changed\necho x > removed\necho x > replaced\nmkdir d", "timeout=0");
        See("cat changed removed replaced\nls . d\n! test -e new");

        Bash.Run("echo a much longer line > changed\nrm removed\necho other > t\nmv t replaced\necho new > new\ntouch d/new", Lower);

        Assert.That(See("cat changed replaced new\nls . d | tr '\\n' ' '"),
            Is.EqualTo("a much longer line\nother\nnew\n.: changed d new replaced  d: new "));
    }
}
