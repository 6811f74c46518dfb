using OverlayFuse.Cli.Native;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Doctor;

/// <summary>
/// User namespaces and FUSE in them: what a child of ours could do (<see cref="NativeProbe"/>), and the settings that decide it.
/// </summary>
/// <param name="Error">Why the child could not go on.</param>
/// <param name="Reached">The step that failed.</param>
internal sealed record NamespaceTrial(Errno Error, ProbeStep Reached)
{
    private const string Namespaces = "user-namespaces", NamespacesText = "user namespaces";
    private const string Mount = "mount-in-user-namespace", MountText = "FUSE mounts in them";

    /// <summary>The settings that decide, as far as the kernel has them.</summary>
    private static readonly Setting[] s_settings =
    [
        new("user.max_user_namespaces", "0", "15000"),
        new("kernel.unprivileged_userns_clone", "0", "1"),
        new(Surroundings.AppArmorSetting, "1", "0",
            " (or the Debian package of overlayfuse, whose AppArmor profile allows them)"),
    ];

    public static NamespaceTrial Run()
    {
        Errno error = NativeProbe.TryUserNamespace("/", out ProbeStep reached);
        return new NamespaceTrial(error, reached);
    }

    /// <summary>True if a user namespace was made and FUSE mounted in it.</summary>
    public bool WorksAltogether => Reached == ProbeStep.Done;

    public IEnumerable<Finding> Findings()
    {
        string settings = string.Join(", ", s_settings.Where(one => one.Value is not null).Select(one => $"{one.Name}={one.Value}"));
        if (Error == Errno.ENOSYS && Reached == ProbeStep.Fork)
            return
            [
                Finding.Unknown(Namespaces, NamespacesText, $"only the published program can try; {settings}"),
                Finding.Unknown(Mount, MountText, "likewise"),
            ];
        string refused = Reached == ProbeStep.IdMaps ? "no ids can be mapped" : "unshare(2)";
        if (Reached <= ProbeStep.IdMaps)
            return
            [
                Finding.No(Namespaces, NamespacesText, $"{refused}: {Error}; {settings}", Remedy()),
                Finding.No(Mount, MountText, "there are no user namespaces", "see " + NamespacesText),
            ];
        Finding made = Finding.Yes(Namespaces, NamespacesText, "tried; " + settings);
        return Reached switch
        {
            ProbeStep.MountNamespace =>
                [made, Finding.No(Mount, MountText, $"no mount namespace: {Error}", "sysctl -w user.max_mnt_namespaces=15000")],
            ProbeStep.Device => [made, Finding.No(Mount, MountText, $"/dev/fuse: {Error}", "see /dev/fuse")],
            ProbeStep.Mount =>
            [
                made,
                Finding.No(Mount, MountText, $"mount(2): {Error}", "Linux 4.18 or later, and no seccomp or AppArmor rule against mount(2)"),
            ],
            _ => [made, Finding.Yes(Mount, MountText, "tried")],
        };
    }

    private string Remedy()
    {
        string[] commands =
        [
            .. s_settings.Where(one => one.Value == one.Forbids).Select(one => $"sysctl -w {one.Name}={one.Allows}{one.Instead}"),
        ];
        if (commands.Length > 0)
            return string.Join("; ", commands);
        return Error == Errno.EACCES
            ? "a security module (AppArmor, SELinux) forbids it; of a container: --security-opt apparmor=unconfined"
            : "a container's seccomp filter or a chroot forbids it: start the container with --security-opt seccomp=unconfined, "
            + "or mount outside";
    }

    /// <summary>A sysctl(8), with a value that forbids, one that allows, and another way.</summary>
    private sealed record Setting(string Name, string Forbids, string Allows, string Instead = "")
    {
        /// <summary>Null if this kernel has no such setting.</summary>
        public string? Value { get; } = SystemFile.Read(SystemFile.OfSetting(Name))?.Trim();
    }
}
