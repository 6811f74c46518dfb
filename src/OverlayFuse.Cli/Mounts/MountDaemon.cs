using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Mounts;

/// <summary>Finds the process that serves a mount. The mount's own word is not enough: its server may name any process.</summary>
internal static class MountDaemon
{
    /// <summary>fuse_dev_show_fdinfo, since Linux 6.18 or so.</summary>
    private const string ConnectionField = "fuse_connection:\t";

    private const string UserField = "Uid:\t";

    /// <summary>The process id that a mount tells, if that process is seen to serve the mount.</summary>
    /// <returns>Null also if the id counts in another process namespace.</returns>
    public static int? Confirm(MountEntry mount, in LiveStatistics told)
    {
        bool counts = told.ProcessNamespace != 0 && told.ProcessNamespace == LiveStatistics.OwnProcessNamespace && told.ProcessId > 0;
        return counts && Serves(told.ProcessId, mount) ? told.ProcessId : null;
    }

    /// <summary>
    /// True if the process has /dev/fuse open: for this very mount, where the kernel tells, and otherwise if the process belongs to the
    /// mount's owner. An ordinary user may not look into the daemon of its own mount; then the owner alone decides.
    /// </summary>
    private static bool Serves(int process, MountEntry mount)
    {
        string directory = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");
        bool isOwners = LiveMount.Owner(mount) is { } owner && UserOf(directory) == owner;
        Errno listed = ProcFile.List(directory + "/fd", out List<string> descriptors);
        if (listed is Errno.EACCES or Errno.EPERM)
            return isOwners;
        string minor = mount.Device[(mount.Device.IndexOf(':', StringComparison.Ordinal) + 1)..];
        foreach (string descriptor in descriptors)
        {
            if (ProcFile.ReadLink($"{directory}/fd/{descriptor}") is not { } link || !link.EndsWith("/fuse", StringComparison.Ordinal))
                continue;
            string? connection = Field($"{directory}/fdinfo/{descriptor}", ConnectionField);
            if (connection is null ? isOwners : connection == minor)
                return true;
        }
        return false;
    }

    /// <summary>The real user; null when the process has ended.</summary>
    private static uint? UserOf(string directory)
    {
        string? ids = Field(directory + "/status", UserField);
        return uint.TryParse(ids?.Split('\t')[0], CultureInfo.InvariantCulture, out uint user) ? user : null;
    }

    /// <summary>The rest of the line that begins with a field's name; null if there is no such line.</summary>
    private static string? Field(string file, string name) =>
        ProcFile.Lines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
}
