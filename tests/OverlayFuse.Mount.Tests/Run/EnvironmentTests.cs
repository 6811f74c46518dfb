using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Run;

/// <summary>A root file system as the view, and machines where something that a session needs is missing.</summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class EnvironmentTests(Runner runner) : RunTest(runner)
{
    /// <summary>A small root file system: a shell and a few programs with their libraries.</summary>
    internal const string MakeRoot = """
        mkdir -p root/etc root/proc root/dev root/sys root/srv/work
        for program in bash cat id ls rm mkdir; do
            path=$(readlink -f $(command -v $program))
            cp --parents $path $(ldd $path | grep -o '/[^ ]*') root
            [ -e root/bin/$program ] || { mkdir -p root/bin; cp $path root/bin/$program; }
        done
        echo in-root > root/etc/name
        rm -f root/etc/none

        """;

    /// <summary>
    /// For a process that counts in this namespace no user namespace may be made, and it has no right to a mount namespace.
    /// </summary>
    private const string WithoutNamespaces = "unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; "
        + "exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all \"$@\"' -- ";

    [Test]
    public void Root_OfAFileSystem_IsTheCommandsRootWithTheSystemsDirectories()
    {
        string output = Shell(MakeRoot + """
            TERM=x LANG=C.UTF-8 $P run --diff --root root --map-root -- bash -euc '
                pwd; cat /etc/name; id -u; echo $PATH $HOME ${TMPDIR-none} $LANG
                test -e /proc/self/status; test -c /dev/null; test -d /sys/kernel; test ! -e /root/home
                echo new > /etc/new; rm /etc/name; echo > /dev/null'
            cat root/etc/name
            cd root/srv/work
            $P run --root ../.. -- bash -euc 'pwd; echo $PWD; echo > here; cat ../../etc/name'
            ls
            """);
        Assert.That(output, Is.EqualTo(
            "/\nin-root\n0\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /root none C.UTF-8\nD etc/name\nA "
                + "etc/new\nin-root\n/srv/work\n/srv/work\nin-root\n"));
    }

    [Test]
    public void Root_WithALayerOnTop_ShowsBoth() =>
        Assert.That(Shell(MakeRoot
            + "mkdir -p patch/etc; echo patched > patch/etc/name; $P run --lower patch --root root -- cat /etc/name"),
            Is.EqualTo("patched\n"));

    [Test]
    public void Run_WithoutUserNamespaces_SaysHowToGetThem()
    {
        ToolResult result = Try(WithoutNamespaces + "$P run --lower bottom -- true");
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((125, "")));
        Assert.That(result.Error,
            Does.Contain("user.max_user_namespaces is 0 or used up; as root: sysctl user.max_user_namespaces=")
                .And.Contain("with --at DIR"));
    }

    /// <summary>Root's namespace hides it from others; in it, this test's own shell is the one that looks.</summary>
    [TestCase("mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3",
        "/dev/fuse: ENOENT: the kernel has no FUSE here; load it (modprobe fuse)")]
    [TestCase("cp /dev/null plain; mount --bind plain /dev/fuse; chmod 666 /dev/fuse",
        "/dev/fuse: is not the FUSE device; as root: rm /dev/fuse, mknod -m 666 /dev/fuse c 10 229")]
    public void Run_WithoutTheDevice_NamesItAndTheRemedy(string spoil, string text)
    {
        string who = Runner == Runner.Root ? "" : $"setpriv --reuid {User.Name} --regid {User.Name} --init-groups --inh-caps=-all";
        ToolResult result = Bash.Try($"unshare -m --propagation private bash -euc '{spoil}\nTMPDIR=tmp exec {who} {Program} run --lower "
            + $"bottom -- true'", Home);
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((125, "")));
        Assert.That(result.Error, Does.Contain(text).And.Not.Contain("Exception"));
    }

    /// <summary>Root may open it whatever its mode.</summary>
    [Test]
    public void Run_WithADeviceForRootAlone_IsForRootAlone()
    {
        Bash.Run("chmod 600 /dev/fuse");
        ToolResult result = Try("$P run --lower bottom -- cat bottom/file");
        Assert.That(result.ExitCode, Is.EqualTo(Runner == Runner.Root ? 0 : 125));
        Assert.That(result.Error,
            Runner == Runner.Root ? Is.Empty : Does.Contain("/dev/fuse: permission denied (EACCES); as root: chmod 666 /dev/fuse"));
    }

    [Test]
    public void Run_WithoutProcInTheChroot_SaysSo()
    {
        ToolResult result = Try(MakeRoot
            + "cp $P root/run-it; mkdir root/lower root/tmp; "
            + "TMPDIR=/tmp unshare -r chroot root /run-it run --lower /lower -- /bin/bash -c true");
        Assert.That(result.ExitCode, Is.EqualTo(125));
        Assert.That(result.Error, Does.StartWith("overlayfuse: ").And.Contain("/proc").And.Not.Contain("   at "));
    }
}
