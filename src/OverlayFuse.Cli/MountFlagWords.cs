using OverlayFuse.Fuse.Mounting;
using OverlayFuse.Linux;

namespace OverlayFuse.Cli;

/// <summary>From the words of mount(8) to what mount(2) takes.</summary>
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

    /// <summary>SELinux labels; a kernel without SELinux refuses the mount when it sees one.</summary>
    public static string ToLabels(IEnumerable<string> words) =>
        Sys.IsDirectory("/sys/fs/selinux") ? string.Join(',', words.Where(word => word.Contains("context=", StringComparison.Ordinal))) : "";
}
