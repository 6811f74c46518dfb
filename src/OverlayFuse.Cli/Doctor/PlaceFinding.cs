namespace OverlayFuse.Cli.Doctor;

/// <summary>The kind of place where the program runs, and the one remedy that fits. docs/troubleshooting.md has the same list.</summary>
internal static class PlaceFinding
{
    private const string Key = "place", What = "where this runs";

    /// <summary>The most special place stands first: a pod is also a container. A job in a pod has the rights of the pod.</summary>
    private static readonly Place[] s_places =
    [
        new("Android (Termux)", s => s.Has("TERMUX_VERSION") || s.Has("ANDROID_ROOT"),
            _ => "Android lets root alone mount: use another machine"),
        new("WSL 1", s => s.Mentions("/proc/version", "Microsoft"),
            _ => "WSL 1 has no FUSE: wsl --set-version DISTRIBUTION 2"),
        new("gVisor", s => s.Mentions("/proc/version", "Linux version 4.4.0 #1 SMP Sun Jan 10"),
            _ => "gVisor's own kernel decides about FUSE: run the container with another runtime (runc, crun)"),
        new("GitHub Codespaces", s => s.Has("CODESPACES"), _ => DevContainer),
        new("a dev container", s => s.Has("REMOTE_CONTAINERS") || s.Has("DEVCONTAINER"), _ => DevContainer),
        new("a GitHub job in a container", s => s.Has("GITHUB_ACTIONS") && s.IsContainer && !s.IsPod,
            _ => "container: options: --device /dev/fuse --cap-add SYS_ADMIN --security-opt apparmor=unconfined"),
        new("a GitHub job", s => s.Has("GITHUB_ACTIONS") && !s.IsPod,
            s => s.IsRoot ? null : s.RestrictsNamespaces ? Package : "mount with sudo"),
        new("a GitLab job in a container", s => s.Has("GITLAB_CI") && s.IsContainer && !s.IsPod,
            _ => "in the runner's config.toml: devices = [\"/dev/fuse\"], cap_add = [\"SYS_ADMIN\"], "
                + "security_opt = [\"apparmor:unconfined\"]"),
        new("a pod with user namespaces", s => s.IsPod && s.IsInUserNamespace, DeviceOfPod),
        new("a pod", s => s.IsPod,
            s => "hostUsers: false in the pod's spec, and " + DeviceOfPod(s)),
        new("a sandbox without /dev/fuse", s => s.IsContainer && !s.HasDevice && s.IsRoot,
            _ => "start it with --device /dev/fuse; if it allows devices: mknod -m 666 /dev/fuse c 10 229"),
        new("a container", s => s.IsContainer,
            s => s.HasDevice
                ? "start it with --cap-add SYS_ADMIN --security-opt apparmor=unconfined, or with --security-opt seccomp=unconfined"
                : "start it with --device /dev/fuse"),
        new("Enterprise Linux 8", s => s.Mentions("/etc/os-release", "platform:el8"),
            s => s.HasDevice ? "sysctl -w user.max_user_namespaces=15000" : "as root: modprobe fuse"),
        new("a system that keeps user namespaces for programs with an AppArmor profile", s => s.RestrictsNamespaces, _ => Package),
        new("an ordinary system", _ => true, _ => null),
    ];

    private const string DevContainer =
        "in devcontainer.json: \"runArgs\": [\"--device=/dev/fuse\", \"--cap-add=SYS_ADMIN\", \"--security-opt=apparmor=unconfined\"]";

    private const string Package = "install the Debian package of overlayfuse: it brings the AppArmor profile that allows them";

    /// <summary>The place, which is a yes if nothing is in the way there.</summary>
    /// <param name="here">What is known of it.</param>
    /// <param name="mounts">True if a mount was made.</param>
    public static Finding Of(Surroundings here, bool mounts)
    {
        Place place = Array.Find(s_places, one => one.IsHere(here))!;
        return mounts || here.HasNamespaces || place.RemedyIn(here) is not { } remedy
            ? Finding.Yes(Key, What, place.Name)
            : Finding.No(Key, What, place.Name, remedy);
    }

    /// <summary>A hostPath of /dev/fuse is not enough: the device cgroup answers EPERM.</summary>
    private static string DeviceOfPod(Surroundings here) =>
        "/dev/fuse by a device plugin or DRA (CRI-O and OpenShift: the annotation io.kubernetes.cri-o.Devices: /dev/fuse)"
        + (here.HasDevice ? "; a hostPath is not enough" : "");

    /// <summary>A kind of place.</summary>
    /// <param name="Name">It, in words.</param>
    /// <param name="IsHere">True if this is one.</param>
    /// <param name="RemedyIn">What makes mounts possible there; null if nothing special does.</param>
    private sealed record Place(string Name, Predicate<Surroundings> IsHere, Func<Surroundings, string?> RemedyIn);
}
