using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Mounts;

/// <summary>Which process serves a mount. The mount's own word is not enough: whoever serves it may name anybody's process.</summary>
internal static class MountDaemon
{
    private const string ConnectionField = "fuse_connection:\t"; // fuse_dev_show_fdinfo, since 6.18 or so

    /// <summary>The process id that a mount tells, where the process is seen to serve it.</summary>
    /// <returns>Null, too, when it counts in another process namespace.</returns>
    public static int? Confirm(MountEntry mount, in LiveStatistics told)
    {
        bool counts = told.ProcessNamespace != 0 && told.ProcessNamespace == LiveStatistics.OwnProcessNamespace && told.ProcessId > 0;
        return counts && Serves(told.ProcessId, mount) ? told.ProcessId : null;
    }

    /// <summary>
    /// The device is open there: for this very mount, where the kernel tells; else the process belongs to the mount's owner. Who may not look into the
    /// process, an ordinary user who asks for a mount of his own, goes by the owner alone.
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
            string? connection = ProcFile.Lines($"{directory}/fdinfo/{descriptor}").FirstOrDefault(line => line.StartsWith(ConnectionField, StringComparison.Ordinal));
            if (connection is null ? isOwners : connection[ConnectionField.Length..] == minor)
                return true;
        }
        return false;
    }

    /// <summary>The real user; null when the process has ended.</summary>
    private static uint? UserOf(string directory)
    {
        const string field = "Uid:\t";
        string? line = ProcFile.Lines(directory + "/status").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return uint.TryParse(line?[field.Length..].Split('\t')[0], CultureInfo.InvariantCulture, out uint user) ? user : null;
    }
}
