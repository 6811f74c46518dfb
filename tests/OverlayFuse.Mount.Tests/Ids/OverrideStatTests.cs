using OverlayFuse.Mount.Tests.Apps;

namespace OverlayFuse.Mount.Tests.Ids;

/// <summary>xattr_permissions as root: owners, modes and types in an xattr, in the form of containers/storage.</summary>
[TestFixture, Category("Ids")]
internal sealed class OverrideStatTests : IdsTest
{
    private const string User = "user.containers.override_stat", Privileged = "security.fuseoverlayfs.override_stat";

    private const string Changes = """
        cd merged
        umask 022
        chown 20:30 of-1
        chmod 4750 of-1
        chmod 600 file
        chown -h 9:10 symlink
        touch of-2
        setpriv --reuid 33 --regid 33 --clear-groups \
            bash -c 'echo x > directory/new; mkdir directory/sub; ln -s x directory/link; mkfifo directory/pipe'
        mkdir shared
        chown 0:50 shared
        chmod 2775 shared
        mkdir shared/sub
        echo x > shared/file
        mknod node c 1 3
        mknod disk b 8 1
        chown 0:6 disk
        chmod 660 disk
        cd ..

        """;

    [TestCase("1", Privileged)]
    [TestCase("2", User)]
    public void Upper_AfterChownAndChmod_HoldsExactlyTheFormat(string mode, string xattr)
    {
        string home = Home();
        Again(Ours, "xattr_permissions=" + mode, Changes, home);

        string values = Bash.Run($"for name in . file of-1 of-2 directory directory/new directory/sub shared shared/sub shared/file; "
            + $"do echo $name $(getfattr -h --only-values -n {xattr} $name); done",
            home + "/upper");
        Assert.That(values, Is.EqualTo("""
            . 0:0:0755:dir
            file 1000:1001:0600:file
            of-1 20:30:4750:file
            of-2 2:2:0644:file
            directory 7:8:1777:dir
            directory/new 33:33:0644:file
            directory/sub 33:33:0755:dir
            shared 0:50:2775:dir
            shared/sub 0:50:2755:dir
            shared/file 0:50:0644:file

            """));
        Assert.That(Bash.Run("find . \\( -type f -o -type d \\) \\( -perm /7000 -o ! -uid 0 -o ! -gid 0 \\)", home + "/upper"), Is.Empty,
            "files with an owner or set-uid bit of their own");
    }

    /// <summary>What the mount shows is what a mount without the option shows, now and after a remount; with it or without.</summary>
    [TestCase("xattr_permissions=1", "xattr_permissions=1")]
    [TestCase("xattr_permissions=1", "noatime")]
    [TestCase("xattr_permissions=2", "xattr_permissions=2")]
    public void Merged_WithPermissionsInXattrs_ShowsWhatAnyMountShows(string options, string remountOptions)
    {
        const string show = $"{ShowOwners}; stat -c '%n %t:%T' merged/node merged/disk merged/device; "
            + $"getfattr -R -h -d -m 'override|^security' merged 2>&1";
        string expected = RunOn(Ours, "noatime", $"{Changes}{show}");
        string home = Home();

        Assert.That(Again(Ours, options, $"{Changes}{show}", home), Is.EqualTo(expected), "mounted");
        Assert.That(Again(Ours, remountOptions, show, home), Is.EqualTo(expected), "mounted again");
    }

    /// <summary>A layer as containers/storage unpacks it with force_mask, and one that fuse-overlayfs 1.10 left.</summary>
    [TestCase(User, "7:8:0755:dir", "7:8:4711:file", "0:6:0660:block-8-1")]
    [TestCase(User, "7:8:0755", "7:8:4711", "0:6:0660:block-8-1-x")]
    [TestCase("user.fuseoverlayfs.override_stat", "7:8:40755", "7:8:104711", "0:6:0660:block-8-1")]
    public void Lower_MarkedOnItsRoot_IsShownAsItsXattrsSay(string xattr, string root, string file, string device)
    {
        string home = Home($"""
            mkdir lower upper work merged
            echo x > lower/file; echo x > lower/plain; : > lower/device; mkdir lower/directory
            setfattr -n {xattr} -v {root} lower
            setfattr -n {xattr} -v {file} lower/file
            setfattr -n {xattr} -v {device} lower/device
            setfattr -n {xattr} -v nonsense lower/directory
            """);

        string seen = Again(Ours, "xattr_permissions=2",
            $"{ShowOwners}\nstat -c %t:%T merged/device; echo more >> merged/file; stat -c '%u:%g %a' merged/file", home);
        Assert.That(seen, Is.EqualTo("""
            device|b|660|0:6|
            directory|d|755|0:0|
            file|f|4711|7:8|
            plain|f|644|0:0|
            8:1
            7:8 4711

            """));
    }

    /// <summary>Root's mount has setuid programs: a layer that anybody could write must not make one.</summary>
    [Test]
    public void Lower_MarkedByAUserWithoutTheOption_IsNotBelievedByRoot()
    {
        string home = Home("mkdir lower upper work merged; echo x > lower/file; "
            + "setfattr -n user.containers.override_stat -v 0:0:0755:dir lower; "
            + "setfattr -n user.containers.override_stat -v 0:0:4755:file lower/file; chown -R 33:33 lower");

        Assert.That(Again(Ours, "noatime", "stat -c '%u %a' merged/file", home), Is.EqualTo("33 644\n"));
    }

    /// <summary>fuse-overlayfs leaves setuid programs of root's that a write has changed.</summary>
    [Test]
    public void Write_ByAnotherUser_ClearsSetIdsThatAreKeptInTheXattr() =>
        Assert.That(RunOn(Ours, "xattr_permissions=2", """
            cd merged
            chmod 6777 of-1 of-2
            setpriv --reuid 33 --regid 33 --clear-groups sh -c 'echo >> of-1; : > of-2'
            stat -c %a of-1 of-2
            cd ..
            getfattr --only-values -n user.containers.override_stat upper/of-1
            """), Is.EqualTo("777\n777\n1:1:0777:file\n"));

    [Test]
    public void Acl_Set_ChangesTheKeptMode() =>
        Assert.That(RunOn(Ours, "xattr_permissions=2",
            "setfacl -m u:33:rwx,o::- merged/of-1; stat -c %a merged/of-1; "
                + "getfattr --only-values -n user.containers.override_stat upper/of-1"),
            Is.EqualTo("670\n1:1:0670:file\n"));

    /// <summary>The names are ours: not listed, not to be written; security.* goes under them.</summary>
    [Test]
    public void Xattrs_OfTheMount_AreEscapedAndOursAreNotToBeHad()
    {
        string output = RunOn(Ours, "xattr_permissions=2", """
            cd merged
            setfattr -n security.colour -v blue file
            setfattr -n user.colour -v green file
            setfattr -n user.containers.override_stat -v 0:0:4755:file file 2>&1 || true
            setfattr -n user.containers.override_x -v y file 2>&1 || true
            getfattr -n user.containers.override_stat file 2>&1 || true
            getfattr -d -m - file
            setfattr -x security.colour file
            getfattr -d -m colour file
            """);
        Assert.That(output, Is.EqualTo("""
            setfattr: file: Operation not permitted
            setfattr: file: Operation not permitted
            file: user.containers.override_stat: No such attribute
            # file: file
            security.colour="blue"
            user.colour="green"

            # file: file
            user.colour="green"


            """));
    }

    /// <summary>With a map, the xattr has the container's ids, as fuse-overlayfs writes them.</summary>
    [Test]
    public void Upper_WithAMap_XattrHasTheIdsOfTheContainer() =>
        Assert.That(RunOn(Ours, "xattr_permissions=2,uidmapping=0:100000:65536,gidmapping=0:100000:65536",
                "chown 100020:100030 merged/of-1; stat -c %u:%g merged/of-1; "
                    + "getfattr --only-values -n user.containers.override_stat upper/of-1"),
            Is.EqualTo("100020:100030\n20:30:0644:file\n"));

    /// <summary>An upper of fuse-overlayfs 1.10, which knows the older name, goes on with us.</summary>
    [Test]
    public void Upper_LeftByFuseOverlayfs_ShowsItsOwnersAndGoesOn()
    {
        string home = Home();
        Again(Peer, "xattr_permissions=2", "chmod 750 merged/of-1; chown 20:30 merged/of-1; mkdir merged/made; chmod 1770 merged/made",
            home);

        Assert.That(Again(Ours, "xattr_permissions=2",
            "stat -c '%u:%g %a' merged/of-1 merged/made; chown 21 merged/of-1; stat -c '%u:%g %a' merged/of-1", home),
            Is.EqualTo("20:30 750\n0:0 1770\n21:30 750\n"));
    }

    /// <summary>What is shown counts, not how the upper keeps it; what was changed and changed back is no change.</summary>
    [TestCase("xattr_permissions=1")]
    [TestCase("xattr_permissions=2")]
    public void Changes_OfOwnersAndModesInXattrs_AreThoseThatAreShown(string options)
    {
        const string change = """
            cd merged
            chown 7:8 of-1; chmod 600 of-2; rm file; mkdir new
            mode=$(stat -c %a directory/file); chmod 700 directory/file; chmod $mode directory/file
            chown -h 1:1 symlink; chown -h 5:6 symlink
            chown 1:1 fifo device; chown 0:0 fifo; chown 7:8 device
            cd ..
            """;
        const string expected = "D file\nA new\nM of-1\nM of-2\n";
        string home = Home();
        Assert.That(Again(Ours, options, $"{change}\n{Ours} changes merged", home), Is.EqualTo(expected));
        Assert.That(Bash.Run($"{Ours} run --diff -o {options} --lower lower --upper upper -- true", home), Is.EqualTo(expected));
    }
}
