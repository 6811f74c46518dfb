using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Ids;

/// <summary>Owners that are shown as others: what fuse-overlayfs shows and writes, and what it does not do.</summary>
[TestFixture, Category("Ids")]
internal sealed class MappingTests : IdsTest
{
    private const string OneRange = "uidmapping=0:100000:65536,gidmapping=0:100000:65536";
    private const string TwoRanges = "uidmapping=0:1000:1:1:110000:65536,gidmapping=0:1000:1:1:110000:65536";

    /// <summary>As user 100033 of the host: user 33 in the container.</summary>
    private const string As33 = "setpriv --reuid 100033 --regid 100033 --clear-groups";

    [Test]
    public void Owners_OfALowerLayer_ShownAsByFuseOverlayfs(
        [Values(OneRange, TwoRanges, "uidmapping=0:100000:65536", "squash_to_root", "squash_to_uid=5,squash_to_gid=6",
            "squash_to_uid=5", "squash_to_root,squash_to_gid=6", "squash_to_uid=5," + OneRange, "noatime")] string options) =>
        Assert.That(RunOn(Ours, options, ShowOwners), Is.EqualTo(RunOn(Peer, options, ShowOwners)));

    [Test]
    public void Changes_ByMappedUsers_ShownAndOnDiskAsByFuseOverlayfs()
    {
        const string script = $"""
            cd merged
            chown 100005:100006 of-1
            chown -h 100005:100006 symlink
            chmod 600 of-2
            {As33} bash -c 'umask 022; echo x > directory/new; mkdir directory/sub; mkfifo directory/pipe; ln -s x directory/link'
            rm file
            cd ..
            {ShowOwners}
            cd upper
            find . -mindepth 1 ! -type c ! -name .wh..wh..opq -printf '%P|%y|%m|%U:%G|%l\n' | sort
            """;
        Assert.That(RunOn(Ours, OneRange, script), Is.EqualTo(RunOn(Peer, OneRange, script)));
    }

    /// <summary>The permission checks are those of the shown owners.</summary>
    [Test]
    public void Access_OfMappedUsers_IsDecidedByTheShownOwner() =>
        RunOn(Ours, OneRange, $"""
            cd merged
            chown 100033:100033 of-1
            chmod 600 of-1
            {As33} sh -c 'echo more >> of-1; cat of-1 > /dev/null'
            ! setpriv --reuid 33 --regid 33 --clear-groups cat of-1 2>/dev/null
            ! setpriv --reuid 1 --regid 1 --clear-groups cat of-1 2>/dev/null
            """);

    /// <summary>As a host's root makes a container's mountpoints: fuse-overlayfs keeps 65534 for him, and so do we.</summary>
    [Test]
    public void Create_ByTheHostsRootWhoIsNotMapped_NobodysFileThatCanBeGivenAway()
    {
        const string script = """
            mkdir merged/made
            stat -c '%u:%g' upper/made
            chown 100000:100000 merged/made
            stat -c '%u:%g' upper/made merged/made
            """;
        Assert.That(RunOn(Ours, OneRange, script), Is.EqualTo("65534:65534\n0:0\n100000:100000\n"));
    }

    /// <summary>fuse-overlayfs writes 65534 to the disk and says that all is well.</summary>
    [Test]
    public void Chown_ToAnOwnerOutsideTheMap_IsRefusedAndNothingChanges() =>
        Assert.That(RunOn(Ours, OneRange, "chown 7 merged/of-1 2>&1 || true; stat -c %u merged/of-1; ls -A upper"),
            Does.Contain("Value too large").And.EndsWith("\n100001\n"));

    [Test]
    public void Chown_OfASquashedFile_ReachesTheDiskAndIsNotShown() =>
        Assert.That(RunOn(Ours, "squash_to_root", "chown 7:8 merged/of-1; stat -c %u:%g merged/of-1 upper/of-1"), Is.EqualTo("0:0\n7:8\n"));

    /// <summary>fuse-overlayfs leaves the ids in ACLs as they are, so that they mean others.</summary>
    [Test]
    public void Acl_OfMappedUsers_IsMappedOnDiskAndHolds()
    {
        string output = RunOn(Ours, OneRange, $"""
            cd merged
            chmod 600 of-1
            setfacl -m u:100033:r,g:100044:rw of-1
            {As33} cat of-1 > /dev/null
            getfacl -cn of-1 ../upper/of-1 2>/dev/null | grep -E '^(user|group):[0-9]'
            """);
        Assert.That(output, Is.EqualTo("user:100033:r--\ngroup:100044:rw-\nuser:33:r--\ngroup:44:rw-\n"));
    }

    /// <summary>A layer's file capabilities hold for the root of the container that it is mounted for.</summary>
    [Test]
    public void Capability_OfALayersProgram_HoldsInTheMappedUserNamespace()
    {
        string home = Home(MakeLayers + "\ncp /usr/bin/setpriv lower/dump; setcap cap_net_raw+ep lower/dump; chmod 755 lower/dump");
        string output = Again(Ours, OneRange, $"""
            getcap -n merged/dump
            touch merged/dump
            getfattr -e hex --only-values -n security.capability upper/dump | od -An -tx1 | head -c 12
            """, home);
        Assert.That(output, Does.StartWith($"merged/dump cap_net_raw=ep [rootid=100000]\n").And.EndsWith(" 01 00 00 02\n"));
    }

    /// <summary>
    /// Its files already have the ids of the map; whether it was there at the mount or came later, they are not mapped twice.
    /// </summary>
    [Test]
    public void Owners_OfALayerOnAnIdmappedMount_AreMappedOnce([Values] bool isAddedLater)
    {
        string home = Home(), disk = Sandbox.MakeFileSystem("ext4", 32);
        Bash.Run($"mkdir idmapped; echo x > {disk}/new; chown 33:34 {disk}/new", home);
        using var map = new IdMap("0 100000 65536");
        map.Mount(disk, home + "/idmapped");
        try
        {
            const string show = "stat -c %u:%g merged/new; chmod 600 merged/new; stat -c %u:%g merged/new upper/new";
            string shown = isAddedLater
                ? Again(Ours, OneRange, $"{Ours} add-layer merged idmapped\n{show}", home)
                : Again(Ours, OneRange + ",lowerdir=idmapped:lower", show, home);
            Assert.That(shown, Is.EqualTo("100033:100034\n100033:100034\n33:34\n"));
        }
        finally
        {
            Bash.Run("umount idmapped", home);
        }
    }

    [Test]
    public void Links_OfDirectories_StaticNlinkShowsOneAsByFuseOverlayfs()
    {
        const string script = "mkdir -p merged/new/sub; stat -c '%n %h' merged merged/directory merged/new merged/file";
        Assert.That(RunOn(Ours, "static_nlink", script), Is.EqualTo(RunOn(Peer, "static_nlink", script)));
    }

    [Test]
    public void Xattrs_NoXattrs_NotThereAsByFuseOverlayfs()
    {
        const string script = """
            setfattr -n user.colour -v blue lower/file
            getfattr -n user.colour merged/file 2>&1 || true
            setfattr -n user.colour -v green merged/of-1 2>&1 || true
            getfattr -d merged/of-1 2>&1 || true
            """;
        Assert.That(RunOn(Ours, "noxattrs=1", script), Is.EqualTo(RunOn(Peer, "noxattrs=1", script)).And.Contain("not supported"));
    }

    [Test]
    public void Acl_NoAcl_IsReadAndWrittenButDoesNotHold()
    {
        const string script = """
            cd merged
            chmod 600 of-1
            setfacl -m u:33:r of-1
            getfacl -cn of-1
            setpriv --reuid 33 --regid 33 --clear-groups cat of-1 2>&1 || true
            """;
        Assert.That(RunOn(Ours, "noacl", script), Does.Contain("user:33:r--").And.Contain("Permission denied"));
        Assert.That(RunOn(Ours, "noatime", script), Does.Contain("user:33:r--").And.Contain("of the lower"));
    }

    /// <summary>Also where the kernel has the mode cached. fuse-overlayfs lets the bits stay.</summary>
    [TestCase(": > of-1")]
    [TestCase("echo >> of-1")]
    [TestCase("truncate -s 1 of-1")]
    [TestCase("fallocate -l 100000 of-1")]
    public void Write_ByAnotherUser_SetIdsAreGone(string write) =>
        Assert.That(RunOn(Ours, "noatime",
            $"cd merged; chmod 6777 of-1; stat -c %a of-1; setpriv --reuid 33 --regid 33 --clear-groups sh -c '{write}'; "
                + $"stat -c %a of-1 ../upper/of-1"),
            Is.EqualTo("6777\n777\n777\n"));

    /// <summary>
    /// The FUSE kernel leaves this check to the file system. With io=stateless the same request comes from who writes through a descriptor
    /// that he was given: it is not refused, and nothing is cleared before the write.
    /// </summary>
    [TestCase("io=open", "PermissionError")]
    [TestCase("io=stateless", "")]
    public void ChownToNobody_ByAStranger_DoesNotClearSetIds(string io, string error) =>
        Assert.That(RunOn(Ours, "noatime," + io,
            "cd merged; chmod 6775 of-1; setpriv --reuid 33 --regid 33 --clear-groups /usr/bin/python3 -c 'import os; "
                + "os.chown(\"of-1\", -1, -1)' 2>&1 | tail -n 1 || true; stat -c %a of-1"),
            Does.StartWith(error).And.EndsWith("6775\n"));

    /// <summary>Who was given a descriptor writes, though he may not open the file.</summary>
    [TestCase("os.write(3, b\"x\")")]
    [TestCase("os.posix_fallocate(3, 0, 100000)")]
    public void Write_ThroughAnInheritedDescriptor_SetIdsAreGone(string write) =>
        Assert.That(RunOn(Ours, "noatime",
            $"cd merged; chmod 6755 of-1; exec 3<>of-1; setpriv --reuid 33 --regid 33 --clear-groups /usr/bin/python3 -c 'import "
                + $"os; {write}'; exec 3>&-; stat -c %a of-1"),
            Is.EqualTo("755\n"));

    [Test]
    public void Fsync_Off_ReturnsAndReachesNoDisk()
    {
        string home = Home();
        string trace = Again(Ours, "fsync=0", $"""
            strace -f -qq -e trace=fsync,fdatasync,syncfs,sync_file_range -o trace -p $(pgrep -f -- "{home}/merged$") & sleep 1
            echo x >> merged/file
            sync merged/file
            kill %1; wait || true
            cat trace
            """, home);
        Assert.That(trace, Does.Not.Contain("sync"));
    }
}
