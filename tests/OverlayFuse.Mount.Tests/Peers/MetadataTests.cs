using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Peers;

/// <summary>Modes, times and inode numbers that changed by themselves, and names that could not be used.</summary>
[TestFixture, Category("Peers")]
internal sealed class MetadataTests : PeersTest
{
    private const string Modes = "700 500 555 2750 1777 0 4711 3070";

    /// <summary>Seen: fuse-overlayfs 1.10 loses set-gid; 2.0.0 widens all to 0755.</summary>
    [Test]
    public void Mode_OfADirectoryInWhichAFileIsMade_IsAsBefore()
    {
        Mount($"for m in {Modes}; do mkdir d$m; chmod $m d$m; done");

        See($"for m in {Modes}; do touch d$m/f; done");
        Remount();

        string expected = string.Join('\n', Modes.Split(' '));
        Assert.That(See($"for m in {Modes}; do stat -c %a d$m; done"), Is.EqualTo(expected), "merged");
        Assert.That(See($"for m in {Modes}; do stat -c %a ../upper/d$m; done"), Is.EqualTo(expected), "on disk");
    }

    /// <summary>Seen: fuse-overlayfs 1.10 gives the directory the time of the chown.</summary>
    [Test]
    public void ChownRecursively_OfALowerTree_LeavesAllTimesAsTheyWere()
    {
        const string Times = "find tree -printf '%p %T@ %A@\n' | sort";
        Mount("mkdir -p tree/a/b tree/c\necho x | tee tree/f tree/a/f tree/a/b/f >/dev/null\nln -s f tree/s\nfind tree | "
            + "xargs touch -h -d 2001-01-01");
        string before = See(Times);

        See("chown -hR 5:5 tree\nfind tree ! -user 5 | grep . && exit 1 || true");

        Assert.That(See(Times), Is.EqualTo(before));
        Remount();
        Assert.That(See(Times), Is.EqualTo(before), "mounted again");
    }

    [Test]
    public void Touch_OfASymlink_ChangesTheLinkAndNotItsTarget()
    {
        Mount("echo x > f\nln -s f s\nln -s nowhere dangling\ntouch -h -d 2001-01-01 f s dangling");

        See("touch -h -d 2003-03-03 s dangling");
        Remount();

        Assert.That(See("stat -c '%N %Y' f s dangling"),
            Is.EqualTo("'f' 978307200\n's' -> 'f' 1046649600\n'dangling' -> 'nowhere' 1046649600"));
    }

    [Test]
    public void Tar_OfATreeThatWasJustChanged_SaysNothing()
    {
        Mount("for i in {1..40}; do mkdir d$i; head -c 20000 /dev/urandom > d$i/f; ln d$i/f d$i/link; done");

        ToolResult tar = Bash.Try("chmod -R o-rwx .\nfor i in {1..40}; do echo more >> d$i/f; tar -cf ../$i.tar d$i; "
            + "done\ntar -cf ../all.tar .", Merged);

        Assert.That((tar.ExitCode, tar.Error), Is.EqualTo((0, "")));
    }

    /// <summary>
    /// Two file systems that were made alike give their files the same numbers. Seen: fuse-overlayfs 1.10 shows both with one number.
    /// </summary>
    [Test]
    public void InodeNumbers_OfLayersOnTwoFileSystems_AreOneToAFile()
    {
        string one = Sandbox.MakeFileSystem("ext4", 16), two = Sandbox.MakeFileSystem("ext4", 16);
        Bash.Run($"for i in {{1..30}}; do echo one > {one}/one$i; echo two > {two}/two$i; done");
        Options = Options with { Lowers = [one, two] };
        Mount("");

        string numbers = See("stat -c %i one* two*");

        Assert.That(numbers.Split('\n'), Has.Length.EqualTo(60).And.Unique);
    }

    [Test]
    public void InodeNumber_ListedAndLookedUp_IsTheSame()
    {
        string other = Sandbox.MakeFileSystem("ext4", 16);
        Bash.Run("mkdir both lower-only\ntouch both/c d e", other);
        Options = Options with { Lowers = [Lower, other] };
        Mount("mkdir both\ntouch both/a both/b f\nln f g");

        See("echo x | tee f d both/a both/c both/new >/dev/null\nmv e moved\nmkdir new");

        for (int round = 0; round < 2; round++, Remount())
            foreach (string directory in new[] { "", "/both" })
                Assert.That(DirectoryReader.Read(Merged + directory)
                    .Where(entry => (long)entry.d_ino != InodeOf(directory + "/" + entry.d_name)).Select(entry => entry.d_name), Is.Empty);
    }

    /// <summary>
    /// Seen: fuse-overlayfs 1.10 ends, and the mount with it ("Transport endpoint is not connected"); later ones say ENAMETOOLONG.
    /// </summary>
    [Test]
    public void Name_Of255Bytes_CanBeChangedRemovedMadeAndMoved()
    {
        string name = new('n', 255);
        Mount($"echo x | tee {name} > keep\nmkdir d");

        See($"chmod 600 {name}\nmv {name} d/\nmkdir {name}\nrm -r {name}\necho new > {name}\nrm d/{name}\nln {name} d/{name}");
        Remount();

        Assert.That(See("cat n*\nls d | wc -c\nls | wc -l"), Is.EqualTo("new\n256\n3"));
    }

    private long InodeOf(string path) =>
        long.Parse(Bash.Run($"stat -c %i .{path}", Merged), System.Globalization.CultureInfo.InvariantCulture);
}
