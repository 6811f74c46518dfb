using OverlayFuse.Cli.Doctor;

namespace OverlayFuse.Cli.Tests;

/// <summary>The places of docs/troubleshooting.md, by the marks that each is known to have; DoctorTests ask the real one.</summary>
internal sealed class PlaceFindingTests
{
    private const string Restricted = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns=1";

    /// <param name="marks">Variables NAME=VALUE, files PATH or PATH=TEXT.</param>
    /// <param name="place">Its name.</param>
    /// <param name="remedy">A part of the one remedy.</param>
    [TestCase("GITHUB_ACTIONS=true " + Restricted, "a GitHub job", "install the Debian package")]
    [TestCase("GITHUB_ACTIONS=true", "a GitHub job", "sudo")]
    [TestCase("GITHUB_ACTIONS=true /.dockerenv", "a GitHub job in a container", "container: options: --device /dev/fuse")]
    [TestCase("GITLAB_CI=true /.dockerenv", "a GitLab job in a container", "devices = [\"/dev/fuse\"]")]
    [TestCase("CODESPACES=true /.dockerenv /dev/fuse", "GitHub Codespaces", "--device=/dev/fuse")]
    [TestCase("REMOTE_CONTAINERS=true /.dockerenv", "a dev container", "runArgs")]
    [TestCase("KUBERNETES_SERVICE_HOST=1 /proc/self/uid_map=0_0_4294967295 /dev/fuse", "a pod", "hostUsers: false")]
    [TestCase("KUBERNETES_SERVICE_HOST=1 /proc/self/uid_map=0_0_4294967295 /dev/fuse", "a pod", "a hostPath is not enough")]
    [TestCase("KUBERNETES_SERVICE_HOST=1 /proc/self/uid_map=0_65536_65536", "a pod with user namespaces", "io.kubernetes.cri-o.Devices")]
    [TestCase("GITHUB_ACTIONS=true KUBERNETES_SERVICE_HOST=1 /proc/self/uid_map=0_0_4294967295", "a pod", "hostUsers: false")]
    [TestCase("GITLAB_CI=true KUBERNETES_SERVICE_HOST=1 /proc/self/uid_map=0_0_4294967295", "a pod", "hostUsers: false")]
    [TestCase("/.dockerenv root", "a sandbox without /dev/fuse", "mknod -m 666 /dev/fuse c 10 229")]
    [TestCase("/run/.containerenv /dev/fuse", "a container", "--security-opt seccomp=unconfined")]
    [TestCase("container=podman", "a container", "--device /dev/fuse")]
    [TestCase("/etc/os-release=PLATFORM_ID=\"platform:el8\"", "Enterprise Linux 8", "modprobe fuse")]
    [TestCase("/etc/os-release=PLATFORM_ID=\"platform:el8\" /dev/fuse", "Enterprise Linux 8", "user.max_user_namespaces")]
    [TestCase(Restricted, "a system that keeps user namespaces for programs with an AppArmor profile", "install the Debian package")]
    [TestCase("TERMUX_VERSION=0.118", "Android (Termux)", "another machine")]
    [TestCase("/proc/version=Linux_version_4.4.0-19041-Microsoft", "WSL 1", "--set-version")]
    public void Of_APlaceWhereNothingMounts_NamesTheRemedyThatFits(string marks, string place, string remedy)
    {
        Finding found = PlaceFinding.Of(Place(marks, hasNamespaces: false), mounts: false);
        Assert.That((found.Status, found.Detail), Is.EqualTo((Verdict.No, place)));
        Assert.That(found.Remedy, Does.Contain(remedy));
    }

    [TestCase(true, false)]
    [TestCase(false, true)]
    public void Of_APlaceWhereMountsWork_HasNoRemedy(bool mounts, bool hasNamespaces) =>
        Assert.That(PlaceFinding.Of(Place("GITLAB_CI=true /.dockerenv", hasNamespaces), mounts),
            Is.EqualTo(Finding.Yes("place", "where this runs", "a GitLab job in a container")));

    [Test]
    public void Of_AnOrdinarySystem_LeavesTheRemedyToTheOtherLines() =>
        Assert.That(PlaceFinding.Of(Place("/dev/fuse", hasNamespaces: false), mounts: false).Status, Is.EqualTo(Verdict.Yes));

    private static Surroundings Place(string marks, bool hasNamespaces)
    {
        Dictionary<string, string> known = marks.Split(' ').Select(mark => mark.Split('=', 2))
            .ToDictionary(mark => mark[0], mark => (mark.Length > 1 ? mark[1] : "").Replace('_', ' '));
        return new Surroundings
        {
            Variable = name => known.GetValueOrDefault(name),
            Text = path => known.GetValueOrDefault(path),
            Exists = known.ContainsKey,
            IsRoot = known.ContainsKey("root"),
            HasNamespaces = hasNamespaces,
        };
    }
}
