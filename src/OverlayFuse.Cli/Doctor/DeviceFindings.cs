using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Doctor;

/// <summary>The device, and what ordinary users need to use it.</summary>
internal static class DeviceFindings
{
    private const string Configuration = "/etc/fuse.conf";

    public static IEnumerable<Finding> All() => [Device(), Fusermount(), AllowOther()];

    private static Finding Device()
    {
        const string path = "/dev/fuse", key = "dev-fuse";
        Errno error = Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.ReadWrite, out Fd opened);
        using var device = new ScopedFd(opened);
        bool isDevice = Sys.FStatx(device, out Statx stat) == Errno.None && stat.Type == FileType.CharacterDevice;
        return error switch
        {
            Errno.None when isDevice => Finding.Yes(key, path, "can be opened"),
            Errno.None => Finding.No(key, path, "is no device", "as root: rm /dev/fuse, mknod -m 666 /dev/fuse c 10 229"),
            Errno.EACCES or Errno.EPERM =>
                Finding.No(key, path, $"cannot be opened ({error})", "as root: chmod 666 /dev/fuse; of a container: --device /dev/fuse"),
            Errno.ENOENT => Finding.No(key, path, "is not there", "as root: modprobe fuse; of a container: --device /dev/fuse"),
            _ => Finding.No(key, path, $"cannot be opened ({error})", "as root: modprobe fuse"),
        };
    }

    private static Finding Fusermount()
    {
        const string key = "fusermount", what = "fusermount3";
        string? program = SystemFile.FindProgram("fusermount3") ?? SystemFile.FindProgram("fusermount");
        if (program is null)
            return Finding.No(key, what, "is not in PATH", "install the package fuse3; root and a user namespace can do without");
        if (!SystemFile.IsSetUidRoot(program, out string obstacle))
            return Finding.No(key, what, $"{program} {obstacle}", obstacle.Contains("nosuid", StringComparison.Ordinal)
                ? "install it on a disk that is mounted suid" : $"as root: chown root {program}; chmod u+s {program}");
        return HasNoNewPrivileges
            ? Finding.No(key, what, $"{program}: set-uid has no effect here (no_new_privs)",
                "start without it: NoNewPrivileges=no, --security-opt no-new-privileges=false")
            : Finding.Yes(key, what, $"{program}, set-uid");
    }

    private static Finding AllowOther()
    {
        const string key = "allow-other", what = "option allow_other";
        if (Sys.EffectiveUid == 0)
            return Finding.Yes(key, what, "root may always");
        string? text = SystemFile.Read(Configuration);
        bool allowed = SystemFile.Lines(Configuration).Contains("user_allow_other");
        string detail = text is null ? $"{Configuration} cannot be read" : $"{(allowed ? "" : "no ")}user_allow_other in {Configuration}";
        return Finding.If(allowed, key, what, detail, $"as root: echo user_allow_other >> {Configuration}");
    }

    private static bool HasNoNewPrivileges => SystemFile.Lines("/proc/self/status").Contains("NoNewPrivs:\t1");
}
