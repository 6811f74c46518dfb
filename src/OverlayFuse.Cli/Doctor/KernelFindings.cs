using System.Globalization;
using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Overlay.OpenFiles;

namespace OverlayFuse.Cli.Doctor;

/// <summary>The abilities of the kernel.</summary>
internal static class KernelFindings
{
    /// <summary>The oldest kernel that `make test-kernels` boots. Older ones may do.</summary>
    private static readonly Version s_oldest = new(5, 10);

    private static readonly Version s_passthrough = new(6, 9);

    /// <param name="offer">The kernel's word; null if there was no mount to ask on.</param>
    public static IEnumerable<Finding> Of(KernelOffer? offer) =>
        [.. Of(offer, Environment.OSVersion.Version), .. ByVersion(Environment.OSVersion.Version)];

    /// <summary>The abilities that came to the kernel after the oldest version that will do, and what is lost without them.</summary>
    /// <param name="kernel">Its version.</param>
    public static IEnumerable<Finding> ByVersion(Version kernel) =>
    [
        Since(kernel, new(5, 12), "layer-clones", "read-only clones of the layers' mounts",
            "lower layers are kept from writing by this program alone, and reading them changes access times"),
        Since(kernel, new(5, 13), "kernel-checks", "chattr and set-gid checked by the kernel",
            "this program, not the kernel, decides which callers may chattr, and when set-gid goes with an ACL"),
        Since(kernel, new(5, 14), "zero-range", "fallocate: FALLOC_FL_ZERO_RANGE", "the kernel refuses it on FUSE (EOPNOTSUPP)"),
        Since(kernel, new(6, 1), "tmpfile", "O_TMPFILE in a mount",
            "the kernel refuses it on FUSE (EOPNOTSUPP); programs use names instead"),
        Since(kernel, new(6, 16), "add-layer", "add-layer and refresh", "the kernel cannot forget names; unmount and mount again"),
    ];

    private static Finding Since(Version kernel, Version since, string key, string what, string lost) => kernel >= since
        ? Finding.Yes(key, what, $"Linux {since} or later")
        : Finding.No(key, what, $"this is Linux {kernel.ToString(2)}: {lost}", $"Linux {since}");

    private static IEnumerable<Finding> Of(KernelOffer? offer, Version kernel)
    {
        string release = SystemFile.Read("/proc/sys/kernel/osrelease")?.Trim() ?? kernel.ToString();
        return
        [
            Tried(kernel, release),
            Protocol(offer),
            Passthrough(offer),
            IoUring(),
        ];
    }

    /// <summary>If the kernel is one of those that the program was tried on, or newer.</summary>
    internal static Finding Tried(Version kernel, string release) => Finding.If(kernel >= s_oldest, "kernel", $"Linux {s_oldest} or later",
        kernel >= s_oldest ? "Linux " + release : $"Linux {release}: the program was tried on no kernel before {s_oldest}",
        $"Linux {s_oldest} or later");

    private static Finding Protocol(KernelOffer? offer)
    {
        const string key = "fuse-protocol", what = "FUSE protocol";
        return offer is not { } told
            ? Finding.Unknown(key, what, "there was no mount to ask the kernel on")
            : Finding.If(told.IsEnough, key, what, string.Create(CultureInfo.InvariantCulture, $"{told.Major}.{told.Minor}"),
                $"Linux {s_oldest} or later");
    }

    private static Finding Passthrough(KernelOffer? offer)
    {
        const string key = "passthrough", what = "io=passthrough";
        if (!PassthroughChecks.MayPassThrough)
            return Finding.No(key, what, "needs CAP_SYS_ADMIN outside of user namespaces", "mount as root");
        return offer is not { } told
            ? Finding.Unknown(key, what, "there was no mount to ask the kernel on")
            : Finding.If(told.Flags.HasFlag(InitFlags.Passthrough), key, what,
                told.Flags.HasFlag(InitFlags.Passthrough) ? "offered by the kernel" : "not offered by the kernel",
                Environment.OSVersion.Version < s_passthrough ? "Linux 6.9" : "a kernel with CONFIG_FUSE_PASSTHROUGH=y");
    }

    private static Finding IoUring()
    {
        const string parameter = "/sys/module/fuse/parameters/enable_uring", key = "io-uring", what = "FUSE over io_uring";
        string? enabled = SystemFile.Read(parameter)?.Trim();
        if (enabled is null)
            return Finding.No(key, what, "the kernel does not know it", "Linux 6.14 with CONFIG_FUSE_IO_URING=y");
        if (enabled is not ("Y" or "1"))
            return Finding.No(key, what, $"enable_uring={enabled}", $"echo 1 > {parameter}");
        string? disabled = SystemFile.Read("/proc/sys/kernel/io_uring_disabled")?.Trim();
        return Finding.If(disabled is null or "0", key, what,
            $"enable_uring={enabled}, kernel.io_uring_disabled={disabled ?? "0"}", "sysctl -w kernel.io_uring_disabled=0");
    }
}
