using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli.Words;

/// <summary>Translates the words of mount(8) for mount(2).</summary>
internal static class MountFlagWords
{
    private static readonly Dictionary<string, FuseMountFlags> Flags = new()
    {
        ["ro"] = FuseMountFlags.ReadOnly,
        ["nosuid"] = FuseMountFlags.NoSuid,
        ["nodev"] = FuseMountFlags.NoDev,
        ["noexec"] = FuseMountFlags.NoExec,
        ["sync"] = FuseMountFlags.Sync,
        ["dirsync"] = FuseMountFlags.DirSync,
        ["noatime"] = FuseMountFlags.NoAtime,
        ["nodiratime"] = FuseMountFlags.NoDirAtime,
        ["relatime"] = FuseMountFlags.RelAtime,
        ["lazytime"] = FuseMountFlags.LazyTime,
        ["strictatime"] = FuseMountFlags.StrictAtime,
    };

    public static FuseMountFlags ToFlags(IEnumerable<string> words) =>
        words.Aggregate(FuseMountFlags.None, (flags, word) => flags | Flags.GetValueOrDefault(word));

    /// <summary>The SELinux labels. A kernel without SELinux refuses a mount that has one, so there they are left out.</summary>
    public static string ToLabels(IEnumerable<string> words) =>
        Sys.IsDirectory("/sys/fs/selinux")
            ? string.Join(',', words.Where(word => word.Contains("context=", StringComparison.Ordinal)))
            : "";
}
