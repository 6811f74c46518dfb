using System.Text.Json;
using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>`overlayfuse doctor` on machines that lack something, made of private namespaces.</summary>
internal sealed class DoctorTests : AppTest
{
    /// <summary>fusermount3 wants a user with a name.</summary>
    private const string User = "setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all";

    /// <summary>A /dev in which everybody may open the device.</summary>
    private const string OpenDevice = "mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/fuse c 10 229; ";

    [SetUp]
    public void MakePlaces() =>
        Bash.Run($"install -m 755 {Overlayfuse.Path} program; mkdir upper tmp; chown nobody:nogroup upper tmp", Sandbox.Root);

    /// <summary>A test machine that cannot mount FUSE cannot run these tests either.</summary>
    [TestCase("")]
    [TestCase(User)]
    public void Doctor_MountWorks_SaysYesAndLeavesNothing(string become)
    {
        Diagnosis found = Run(OpenDevice, become);

        Assert.Multiple(() =>
        {
            Assert.That(found.ExitCode, Is.Zero);
            Assert.That(new[] { "mount", "kernel", "fuse-protocol", "dev-fuse", "fusermount", "upper", "upper-d-type", "upper-user-xattr",
                "upper-whiteout", "upper-tmpfile" }.Select(found.Status), Is.All.EqualTo("yes"));
            Assert.That(new[] { found.Status("upper-trusted-xattr"), found.Status("passthrough") },
                Is.All.EqualTo(become.Length == 0 ? "yes" : "no"));
            Assert.That(Bash.Run("find upper tmp -mindepth 1; grep overlayfuse-doctor /proc/self/mounts || true", Sandbox.Root), Is.Empty);
        });
    }

    /// <summary>As in an image FROM scratch: no file says the names of users.</summary>
    [Test]
    public void Doctor_EmptyEtc_Answers()
    {
        Diagnosis found = Run(OpenDevice + "mount -t tmpfs none /etc", "");
        Assert.That(found.Status("mount"), Is.EqualTo("yes"));
    }

    /// <param name="situation">What is missing, made as root in a mount namespace of its own.</param>
    /// <param name="become">Who asks.</param>
    /// <param name="key">What must be a no.</param>
    /// <param name="exit">Whether a mount works all the same.</param>
    /// <param name="text">In its detail or remedy.</param>
    [TestCase("mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3", "", "dev-fuse", 1, "modprobe fuse")]
    [TestCase(OpenDevice + "rm /dev/fuse; touch /dev/fuse", "", "dev-fuse", 1, "mknod -m 666 /dev/fuse c 10 229")]
    [TestCase(OpenDevice + "chmod 600 /dev/fuse", User, "dev-fuse", 1, "chmod 666 /dev/fuse")]
    [TestCase(OpenDevice, User + " env PATH=/nowhere", "fusermount", 1, "install the package fuse3")]
    [TestCase(OpenDevice + "mount --bind /usr/bin /usr/bin; mount -o remount,bind,nosuid /usr/bin", User, "fusermount", 1,
        "is on a disk mounted nosuid")]
    [TestCase(OpenDevice, User + " --no-new-privs", "fusermount", 1, "no_new_privs")]
    [TestCase(OpenDevice + "mount --bind /dev/null /etc/fuse.conf", User, "allow-other", 0, "echo user_allow_other >> /etc/fuse.conf")]
    [TestCase(OpenDevice + "mount --bind /dev/null /etc/subuid", User, "subuid", 0, "usermod --add-subuids")]
    [TestCase(OpenDevice + "mount --bind /dev/null /etc/subgid", User, "subgid", 0, "usermod --add-subgids")]
    [TestCase("ulimit -n 1000", "", "open-files", 0, "ulimit -Hn 4096")]
    [TestCase("mount -t ramfs none upper", "", "upper-user-xattr", 1, "put the upper on ext4")]
    [TestCase("mount -t tmpfs -o ro none upper", "", "upper", 1, "remount it rw")]
    [TestCase("mount --bind /proc upper", "", "upper", 1, "is on proc")]
    [TestCase("rmdir upper", "", "upper", 1, "does not exist")]
    [TestCase(OpenDevice + "chown 0:0 upper", User, "upper", 1, "give yourself write access")]
    [TestCase("unshare() { command unshare --user --map-root-user sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; "
        + "exec \"$@\"' - \"$@\"; }", "unshare", "user-namespaces", 1, "sysctl -w user.max_user_namespaces=15000")]
    public void Doctor_SomethingMissing_SaysNoAndTheRemedy(string situation, string become, string key, int exit, string text)
    {
        Diagnosis found = Run(situation, become);
        Assert.That((found.Status(key), found.ExitCode), Is.EqualTo(("no", exit)));
        Assert.That(found.Text(key), Does.Contain(text));
    }

    /// <summary>Of a disk without devices, programs and xattrs: what the rows say is what a mount with its upper there does.</summary>
    [TestCase("tmpfs -o noexec,nodev,nosuid", 0, "upper-user-xattr upper-whiteout upper-d-type", "yes")]
    [TestCase("ramfs", 1, "upper-user-xattr upper-trusted-xattr", "no")]
    public void Doctor_OfAnOddUpper_SaysWhatAMountThereDoes(string type, int exit, string keys, string status)
    {
        string mount = $"mount -t {type} none upper";
        Diagnosis found = Run(mount, "");
        Assert.That(keys.Split(' ').Select(found.Status), Is.All.EqualTo(status));

        ToolResult result = Bash.Try($"""
            mkdir lower merged; echo of-lower | tee lower/changed lower/removed >/dev/null
            unshare -m --propagation private bash -euc '{mount}; mkdir upper/u upper/w
            ./program -o lowerdir=lower,upperdir=upper/u,workdir=upper/w merged || exit 1
            echo more >> merged/changed; rm merged/removed; cp /bin/true merged/run; merged/run
            ./program unmount merged; stat -c "%n %F %s" upper/u/changed upper/u/removed'
            """, Sandbox.Root);

        Assert.That((result.ExitCode, found.ExitCode), Is.EqualTo((exit, exit)), result.Error);
        Assert.That(result.Output,
            Is.EqualTo(exit == 0 ? "upper/u/changed regular file 14\nupper/u/removed character special file 0\n" : ""));
        Assert.That(result.Error,
            exit == 0 ? Is.Empty
                : Does.StartWith($"overlayfuse: upperdir={Sandbox.Root}/upper/u: its file system takes no extended attributes user.*"));
    }

    [Test]
    public void Doctor_UserAllowOther_IsFound() =>
        Assert.That(Run(OpenDevice + "echo ' user_allow_other ' > conf; mount --bind conf /etc/fuse.conf", User).Status("allow-other"),
            Is.EqualTo("yes"));

    /// <summary>A copy of /etc: a bind mount over one file ends when another test's useradd(8) replaces that file.</summary>
    [Test]
    public void Doctor_RangesOfIds_AreShown() =>
        Assert.That(Run(OpenDevice + "cp -a /etc etc; echo nobody:700000:65536 > etc/subuid; mount --bind etc /etc", User).Text("subuid"),
            Does.Contain("700000-765535"));

    /// <summary>Without fusermount3 an ordinary user can still mount in a namespace of his own: tried, and named as the remedy.</summary>
    [Test]
    public void Doctor_OnlyANamespaceWouldDo_SaysSo()
    {
        Diagnosis found = Run(OpenDevice + "mount --bind /bin/false /usr/bin/fusermount3", User);
        Assert.That((found.Status("mount"), found.Status("mount-in-user-namespace"), found.ExitCode), Is.EqualTo(("no", "yes", 1)));
        Assert.That(found.Text("mount"), Does.Contain("unshare --user --map-root-user --mount"));
    }

    [Test]
    public void Doctor_InAUserNamespace_MountsThere()
    {
        Diagnosis found = Run(OpenDevice, User + " unshare --user --map-root-user --mount");
        Assert.That((found.Status("mount"), found.Status("upper-trusted-xattr"), found.ExitCode), Is.EqualTo(("yes", "no", 0)));
    }

    /// <summary>A fusermount3 that is refused as AppArmor refuses it, and the profile that says why.</summary>
    private const string ProfiledFusermount = OpenDevice + """
        cp -a /etc etc; mkdir -p etc/apparmor.d bin; mount --bind etc /etc
        echo 'mount fstype=fuse -> /home/**/,' > /etc/apparmor.d/fusermount3
        printf '#!/bin/sh\necho fusermount3: mount failed: Permission denied >&2\nexit 1\n' > bin/fusermount3; chmod 755 bin/fusermount3

        """;

    [Test]
    public void Doctor_MountpointThatAppArmorForbids_NamesTheRule()
    {
        Diagnosis found = Run(ProfiledFusermount, User + $" env PATH={Sandbox.Root}/bin:/usr/bin:/bin", "tmp");
        Assert.That((found.Status("mount"), found.ExitCode), Is.EqualTo(("no", 1)));
        Assert.That(found.Text("mount"), Does.Contain("/etc/apparmor.d/fusermount3").And.Contain("/etc/apparmor.d/local/fusermount3"));
    }

    [TestCase("", "yes")]
    [TestCase("chmod 755 tmp; chown 0:0 tmp", "no")]
    public void Doctor_OfAMountpoint_TriesAMountThere(string situation, string status)
    {
        Diagnosis found = Run(OpenDevice + situation, User, "tmp");
        Assert.That(found.Status("mount"), Is.EqualTo(status));
        Assert.That(found.Text("mount"), Does.Contain(Sandbox.PathOf("tmp")));
    }

    [TestCase("GITHUB_ACTIONS=true", "a GitHub job")]
    [TestCase("CODESPACES=true", "GitHub Codespaces")]
    public void Doctor_InAKnownPlace_NamesIt(string variable, string place) =>
        Assert.That(Run(OpenDevice, "env " + variable).Text("place"), Does.StartWith(place));

    [Test]
    public void Doctor_WithoutUpper_TakesTheWorkingDirectoryOrATemporaryOne()
    {
        string here = Bash.Run("cd upper; ../program doctor", Sandbox.Root),
            elsewhere = Bash.Run($"cd /proc; TMPDIR={Sandbox.Root}/tmp {Sandbox.Root}/program doctor", Sandbox.Root);
        Assert.That(here, Does.Match($"(?m)^an upper in {Sandbox.PathOf("upper")} +yes "));
        Assert.That(elsewhere, Does.Match($"(?m)^an upper in {Sandbox.PathOf("tmp")}/? +yes "));
        Assert.That(here.Split('\n')[0], Does.Match("^WHAT +ALLOWED +DETAIL +REMEDY$"));
    }

    [TestCase("none", "/none: does not exist; create it or correct the path")]
    [TestCase("file", "/file: is not a directory; name a directory")]
    [TestCase("full", "/full: no directory can be made there; name a directory that is yours: --at DIR")]
    public void Doctor_AtAPlaceThatCannotBeUsed_SaysWhy(string at, string text)
    {
        Diagnosis found = Run("touch file; mkdir full; mount -t tmpfs -o ro none full", "", at);
        Assert.That((found.Status("mount"), found.ExitCode), Is.EqualTo(("no", 1)));
        Assert.That(found.Text("mount"), Does.StartWith("--at=").And.EndWith(text));
    }

    [TestCase("upper")]
    [TestCase("at")]
    public void Doctor_EmptyWord_IsRefused(string option)
    {
        ToolResult result = Bash.Try($"'{Overlayfuse.Path}' doctor --{option} ''", Sandbox.Root);
        Assert.That((result.ExitCode, result.Output, result.Error),
            Is.EqualTo((2, "", $"overlayfuse: doctor: --{option}: the value is an empty word; write --{option} DIR\n")));
    }

    /// <param name="situation">Shell commands of root in a mount namespace of its own.</param>
    /// <param name="become">Words before the program.</param>
    /// <param name="at">Of --at, in the sandbox; empty: none.</param>
    private Diagnosis Run(string situation, string become, string at = "")
    {
        ToolResult result = Bash.Try($"unshare -m --propagation private bash -euc "
            + $"'{situation.Replace("'", "'\\''", StringComparison.Ordinal)}\nTMPDIR={Sandbox.Root}/tmp {become} {Sandbox.Root}/program "
            + $"doctor --json --upper {Sandbox.Root}/upper{(at.Length > 0 ? $" --at {Sandbox.PathOf(at)}" : "")}'", Sandbox.Root);
        Assert.That(result.Error, Is.Empty);
        return new Diagnosis(result.ExitCode,
            JsonDocument.Parse(result.Output).RootElement.EnumerateArray()
                .ToDictionary(finding => finding.GetProperty("key").GetString()!));
    }

    private sealed record Diagnosis(int ExitCode, Dictionary<string, JsonElement> Findings)
    {
        public string Status(string key) => Findings[key].GetProperty("status").GetString()!;

        public string Text(string key) => $"{Findings[key].GetProperty("detail")}; {Findings[key].GetProperty("remedy")}";
    }
}
