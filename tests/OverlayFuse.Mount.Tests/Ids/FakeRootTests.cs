using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Rootless;
using OverlayFuse.Mount.Tests.Soak;

namespace OverlayFuse.Mount.Tests.Ids;

/// <summary>
/// An ordinary user's mount, in which that user is root of a namespace with subordinate ids: owners that the disk would refuse to the
/// daemon read back as written.
/// </summary>
[TestFixture, Category("Rootless")]
internal sealed class FakeRootTests : RootlessTest
{
    private const string FakeRoot = "unshare -U --map-root-user --map-auto bash -euo pipefail -c";
    private const string Show = "(cd merged; find . -mindepth 1 ! -path './top*' -printf '%P|%y|%m|%U:%G|%l\\n' | sort)";

    [Test]
    public void ChownAndChmod_ByFakeRoot_ReadBackAsWrittenNowAndMountedAgain([Values("noatime", "xattr_permissions=2")] string options)
    {
        const string changes = """
            cd merged
            chown 5:6 kept
            chmod 4755 kept
            chown -h 7:8 symlink
            mkfifo pipe
            chown 9:10 pipe
            chmod 620 pipe
            mkdir made
            chown 11:12 made
            chmod 2775 made
            touch made/file
            mkdir made/directory
            ln -s there made/link
            /usr/bin/python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")"
            chown 13:14 sock
            rm -r opaque
            """;
        string[] expected =
        [
            "kept|f|4755|5:6|", "symlink|l|777|7:8|kept", "pipe|p|620|9:10|", "made|d|2775|11:12|", "made/file|f|644|0:12|",
            "made/directory|d|2755|0:12|",
            "made/link|l|777|0:12|there", "sock|s|755|13:14|",
        ];
        Mount(options);
        string seen = User.Run($"{FakeRoot} '{changes}\ncd ..\n{Quoted(Show)}'", Home);
        Unmount();

        Mount("noatime");
        string again = User.Run($"{FakeRoot} '{Quoted(Show)}; cat merged/symlink; cat merged/kept'", Home);
        Unmount();

        Assert.That(seen.Split('\n'), Is.SupersetOf(expected));
        Assert.That(again, Is.EqualTo(seen + "of the bottom: kept\nof the bottom: kept\n"));
        Assert.That(Bash.Run($"find . ! -uid {User.Id} -o -perm /6000", Home + "/upper"), Is.Empty,
            "files on disk are the user's, without set-id bits");
    }

    /// <summary>
    /// Making a device node takes CAP_MKNOD of the first namespace, so no fake root can ask for one; who has it and is the user, can.
    /// </summary>
    [Test]
    public void MkNod_OfADevice_AFileOnDiskAndADeviceInTheMount()
    {
        Mount("noatime");
        Bash.Run($"setpriv --reuid {User.Name} --regid {User.Name} --init-groups --inh-caps=+mknod --ambient-caps=+mknod sh -c 'cd "
            + $"merged; mknod -m 620 null c 1 3; mknod disk b 259 70000; ! mknod whiteout c 0 0 2>/dev/null'",
            Home);
        Unmount();

        Mount("noatime");
        string seen = User.Run("stat -c '%n|%F|%t:%T|%a' merged/null merged/disk; "
            + "find merged -maxdepth 1 -type c -o -maxdepth 1 -type b | sort", Home);
        Unmount();

        Assert.That(seen,
            Is.EqualTo("merged/null|character special file|1:3|620\nmerged/disk|block special "
                + "file|103:11170|644\nmerged/disk\nmerged/null\n"));
        Assert.That(Bash.Run("stat -c %F null disk; getfattr --only-values -n user.containers.override_stat null", Home + "/upper"),
            Is.EqualTo($"regular empty file\nregular empty file\n{User.Id}:{User.Id}:0620:char-1-3\n"));
    }

    [Test]
    public void Tar_OfATreeWithForeignOwners_ExtractsAsOnTheDiskOfRoot([Values("noatime", "xattr_permissions=2")] string options)
    {
        string archive = Sandbox.PathOf("tree.tar");
        Bash.Run($"""
            mkdir tree tree/d tree/d/e
            for i in 1 2 3; do echo $i > tree/d/f$i; chown $i:$((i + 10)) tree/d/f$i; done
            ln -s f1 tree/d/link; chown -h 4:4 tree/d/link
            ln tree/d/f2 tree/d/hard
            mkfifo tree/d/pipe; chown 5:5 tree/d/pipe
            chmod 4711 tree/d/f1; chmod 0 tree/d/f3; chmod 2755 tree/d/e; chown 33:33 tree/d tree/d/e; chmod 1733 tree/d
            touch -d 2001-02-03 tree/d/* tree/d
            tar --numeric-owner -cf {archive} -C tree .
            """, Sandbox.Root);
        const string list = "find . -printf '%P|%y|%m|%U:%G|%l|%n|%TY\\n' | grep -v '^|' | sort";
        string expected = Bash.Run(list, Sandbox.PathOf("tree"));
        Mount(options);
        User.Run($"{FakeRoot} 'mkdir merged/out; tar -x --numeric-owner -pf {archive} -C merged/out'", Home);
        Unmount();

        Mount("noatime");
        string seen = User.Run($"{FakeRoot} 'cd merged/out; {Quoted(list)}'", Home);
        Unmount();

        Assert.That(seen, Is.EqualTo(expected));
    }

    /// <summary>The copy of another user's file stays that user's; before, it became the mounter's.</summary>
    [Test]
    public void CopyUp_OfAnotherUsersFile_KeepsItsOwner()
    {
        Bash.Run("chown 12:13 appended; chmod 666 appended", Home + "/bottom");
        Mount("noatime");
        User.Run("echo more >> merged/appended; cat merged/appended", Home);
        Assert.That(User.Run("stat -c '%u:%g %a' merged/appended; cat merged/appended", Home),
            Is.EqualTo("12:13 666\nof the bottom: appended\nmore\n"));
        Unmount();

        Assert.That(Bash.Run("stat -c %u appended; getfattr --only-values -n user.containers.override_stat appended", Home + "/upper"),
            Is.EqualTo($"{User.Id}\n12:13:0666:file\n"));
    }

    /// <summary>Where nothing was given away, nothing is written that others would have to understand.</summary>
    [Test]
    public void Upper_OfOwnFilesOnly_HoldsNoSuchXattr()
    {
        Mount("noatime");
        User.Run(Scenario, Home);
        Unmount();

        Assert.That(Bash.Run("getfattr -R -h -d -m override upper", Home), Is.Empty);
    }

    [Test]
    public void Capability_SetByFakeRoot_ReadsBackAndGoesWithAWrite()
    {
        Mount("noatime");
        string seen = User.Run($"{FakeRoot} 'cp /bin/true merged/program; setcap cap_net_raw+ep merged/program; getcap merged/program; "
            + $"echo >> merged/program; getcap merged/program'", Home);
        Unmount();

        Assert.That(seen, Is.EqualTo("merged/program cap_net_raw=ep\n"));
    }

    private static string Quoted(string script) => script.Replace("'", "'\\''", StringComparison.Ordinal);

    private void Mount(string options)
    {
        User.Run($"{Program} -o {Options},{options} {Home}/merged", Home);
        Assert.That(MountTable.IsMountpoint(Home + "/merged"));
    }

    private void Unmount()
    {
        List<int> daemons = DaemonProcess.Of(Home + "/merged");
        User.Run("fusermount3 -u merged", Home);
        DaemonProcess.AssertEnded(daemons, "fusermount3 -u");
    }
}
