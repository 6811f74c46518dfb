using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Doctor;

/// <summary>The marks of a place: variables, files, and the two answers that matter.</summary>
internal sealed record Surroundings
{
    /// <summary>The sysctl(8) of AppArmor that keeps user namespaces for programs with a profile that allows them.</summary>
    public const string AppArmorSetting = "kernel.apparmor_restrict_unprivileged_userns";

    /// <summary>The value of a variable of the environment; null if it is not set.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The text of a file; null if it is not there.</summary>
    public required Func<string, string?> Text { get; init; }

    /// <summary>True if a path is there.</summary>
    public required Func<string, bool> Exists { get; init; }

    /// <summary>True if the caller is root here.</summary>
    public required bool IsRoot { get; init; }

    /// <summary>True if a user namespace can be made in which FUSE mounts.</summary>
    public required bool HasNamespaces { get; init; }

    /// <summary>The surroundings of this process.</summary>
    public static Surroundings Here(bool hasNamespaces) => new()
    {
        Variable = Sys.GetVariable,
        Text = SystemFile.Read,
        Exists = Path.Exists,
        IsRoot = Sys.EffectiveUid == 0,
        HasNamespaces = hasNamespaces,
    };

    public bool Has(string variable) => !string.IsNullOrEmpty(Variable(variable));

    /// <summary>True if a file has this word.</summary>
    public bool Mentions(string path, string word) => Text(path)?.Contains(word, StringComparison.Ordinal) == true;

    /// <summary>True in a container of Docker, podman, containerd or CRI-O.</summary>
    public bool IsContainer => Exists("/.dockerenv") || Exists("/run/.containerenv") || Has("container") || IsPod;

    /// <summary>True in a pod of Kubernetes.</summary>
    public bool IsPod => Has("KUBERNETES_SERVICE_HOST") || Exists("/var/run/secrets/kubernetes.io");

    /// <summary>True if ids here are not those of the machine: user_namespaces(7).</summary>
    public bool IsInUserNamespace =>
        Text("/proc/self/uid_map")?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is not (null or ["0", "0", "4294967295"]);

    /// <summary>True if the device is there. That says nothing about the right to open it.</summary>
    public bool HasDevice => Exists("/dev/fuse");

    /// <summary>True if AppArmor refuses user namespaces to programs without a profile that allows them (Ubuntu 23.10 and later).</summary>
    public bool RestrictsNamespaces => Text(SystemFile.OfSetting(AppArmorSetting))?.Trim() == "1";
}
