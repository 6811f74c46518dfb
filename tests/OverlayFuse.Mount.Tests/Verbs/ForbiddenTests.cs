using OverlayFuse.Mount.Tests.Apps;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Run;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>
/// What mount, run and doctor say where a container's seccomp filter or a security module forbids what they need: refuse.c makes one system
/// call answer so. One text, which names the remedy.
/// </summary>
[TestFixture(Runner.Root), TestFixture(Runner.User), Category("Run")]
internal sealed class ForbiddenTests(Runner runner) : RunTest(runner)
{
    private const int Mount = 165, Unshare = 272; // <asm/unistd_64.h>
    private const int EPERM = 1, EACCES = 13;

    /// <summary>
    /// A mount namespace in which AppArmor restricts user namespaces, and a chroot, in which the kernel refuses them with the same EPERM.
    /// </summary>
    private const string AsUbuntu = "mount -t tmpfs none /proc/sys/kernel; echo 1 > /proc/sys/kernel/apparmor_restrict_unprivileged_userns";

    [SetUp]
    public void CompileRefuse() => Tool.Run("gcc", "-O", "-Wall", "-Wextra", "-Werror", "-o", Home + "/refuse", SourceOf("refuse.c"));

    [TestCase(Mount, EPERM,
        "fusermount3: mount failed: Operation not permitted (it must be set-uid root and started without no_new_privs, and no seccomp "
            + "filter may forbid mount(2); a container: --cap-add SYS_ADMIN)")]
    [TestCase(Mount, EACCES,
        "view: cannot be mounted: EACCES: a security module (AppArmor, SELinux) forbids mount(2); of a container: "
            + "--security-opt apparmor=unconfined")]
    public void Mount_Forbidden_NamesTheRemedy(int call, int error, string text)
    {
        ToolResult result = Try($"mkdir upper work; trap 'rmdir upper work/* work' EXIT; "
            + $"./refuse {call} {error} $P -o lowerdir=bottom,upperdir=upper,workdir=work view");
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((1, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: ").And.Contain(text));
        Assert.That(result.Error.Trim().Split('\n'), Has.Length.EqualTo(1));
    }

    /// <summary>
    /// Filters of old container engines answer EPERM to calls that they do not know; libc takes an older call for ENOSYS only.
    /// </summary>
    [TestCase(435, "clone3(2)")]
    [TestCase(332, "statx(2)")]
    [TestCase(204, "sched_getaffinity(2)")]
    public void Start_OfAnOldFilter_NamesTheCallAndTheRemedy(int call, string name)
    {
        foreach (string words in new[] { "-o lowerdir=bottom view", "-f -o lowerdir=bottom view", "list", "run --lower bottom -- true" })
        {
            ToolResult result = Try($"./refuse {call} {EPERM} $P {words}");
            Assert.That((result.ExitCode, result.Output), Is.EqualTo((words.StartsWith("run", StringComparison.Ordinal) ? 125 : 1, "")),
                words);
            Assert.That(result.Error,
                Does.Match($"^overlayfuse: a seccomp filter forbids {System.Text.RegularExpressions.Regex.Escape(name)}[^\n]*; "
                    + $"update the container engine[^\n]*\n$"), words);
        }
    }

    [TestCase(Mount, EPERM,
        "(Operation not permitted): a container's seccomp filter or security policy forbids them, or this is a chroot; "
            + "give the container CAP_SYS_ADMIN")]
    [TestCase(Unshare, EPERM,
        "(Operation not permitted): a container's seccomp filter or security policy forbids them, or this is a chroot; "
            + "give the container CAP_SYS_ADMIN")]
    [TestCase(Unshare, EACCES,
        "(Permission denied): a security module (AppArmor, SELinux) forbids them; of a container: --security-opt apparmor=unconfined")]
    public void Run_Forbidden_NamesTheRemedy(int call, int error, string text)
    {
        ToolResult result = Try($"./refuse {call} {error} $P run --lower bottom -- true");
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((125, "")));
        Assert.That(result.Error, Does.StartWith("overlayfuse: no namespace for a private view " + text));
    }

    [TestCase(Mount, EPERM, "FUSE mounts in them", "no seccomp or AppArmor rule against mount(2)")]
    [TestCase(Unshare, EPERM, "user namespaces",
        "a container's seccomp filter or a chroot forbids it: start the container with --security-opt seccomp=unconfined")]
    [TestCase(Unshare, EACCES, "user namespaces",
        "a security module (AppArmor, SELinux) forbids it; of a container: --security-opt apparmor=unconfined")]
    public void Doctor_Forbidden_NamesTheRemedy(int call, int error, string what, string remedy)
    {
        ToolResult result = Try($"mkdir up; trap 'rmdir up' EXIT; ./refuse {call} {error} $P doctor --upper up");
        string line = result.Output.Split('\n').Single(line => line.StartsWith(what + " ", StringComparison.Ordinal));
        Assert.That(line, Does.Match($"^{what} +no ").And.EndsWith(remedy).Or.Contain(remedy));
    }

    /// <summary>Root needs no user namespace.</summary>
    [Test]
    public void Run_UnderUbuntusAppArmor_NamesItsSettingUnlessRoot()
    {
        ToolResult run = InPrivate(AsUbuntu, "run --lower bottom -- cat bottom/file"), doctor = InPrivate(AsUbuntu, "doctor --upper tmp");
        if (Runner == Runner.Root)
        {
            Assert.That((run.ExitCode, run.Output, run.Error), Is.EqualTo((0, "of the bottom\n", "")));
            return;
        }
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((125, "")));
        Assert.That(run.Error,
            Does.Contain("AppArmor restricts them; as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0, or install the package "
                + "of overlayfuse, which brings a profile that allows them"));
        Assert.That(doctor.Output, Does.Match("(?m)^user namespaces +no .* sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"));
    }

    /// <summary>Of run and doctor: EnvironmentTests, DoctorTests.</summary>
    [TestCase("mount -t tmpfs none /dev; mknod -m 666 /dev/null c 1 3",
        "/dev/fuse: ENOENT: the kernel has no FUSE here; load it (modprobe fuse)")]
    [TestCase("touch plain; mount --bind plain /dev/fuse; chmod 666 /dev/fuse",
        "/dev/fuse: is not the FUSE device; as root: rm /dev/fuse, mknod -m 666 /dev/fuse c 10 229")]
    public void Mount_WithoutTheDevice_NamesItAndTheRemedy(string spoil, string text)
    {
        ToolResult result = InPrivate(spoil, "-o lowerdir=bottom:top view");
        Assert.That((result.ExitCode, result.Output), Is.EqualTo((1, "")));
        Assert.That(result.Error, Does.Contain(text).And.Not.Contain("Exception"));
    }

    private static string SourceOf(string name) =>
        Path.Combine(ProgramUnderTest.Repository, "tests", "OverlayFuse.Mount.Tests", "Verbs", name);

    /// <summary>
    /// Root's mount namespace hides what it spoils from others; the user's programs run in a chroot, where no user namespace can be made.
    /// </summary>
    private ToolResult InPrivate(string spoil, string words)
    {
        string root = Sandbox.MakeDirectory("root");
        string who = Runner == Runner.Root ? ""
            : $"chroot {root} setpriv --reuid {User.Name} --regid {User.Name} --init-groups --inh-caps=-all";
        return Bash.Try($"unshare -m --propagation private bash -euc '{spoil}\nmount --rbind / {root}\nexec {who} env -C {Home} "
            + $"TMPDIR={Home}/tmp {Program} {words}'", Home);
    }
}
