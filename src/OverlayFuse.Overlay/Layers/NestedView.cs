using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// Merged views that are mounted inside a layer, of this daemon or another. A daemon that enters its own view waits for itself. Two daemons
/// that show each other wait for each other.
/// </summary>
internal static class NestedView
{
    private const string Type = "fuse.overlayfuse";

    /// <summary>Refuses a file of a layer that is the root of a merged view.</summary>
    /// <returns>ELOOP for such a root. Also ELOOP if /proc is missing, because the mounts are then unknown.</returns>
    public static Errno Refuse(in Statx stat)
    {
        // FUSE has no block device.
        bool mayBeView = (stat.Attributes & StatxAttributes.MountRoot) != 0 && stat.IsDirectory && stat.DevMajor == 0;
        if (!mayBeView)
            return Errno.None;
        Errno error = MountTable.Read(out MountTable mounts);
        if (error != Errno.None)
            // ENOENT would say that the directory is not there.
            return error == Errno.ENOENT ? Errno.ELOOP : error;
        string device = string.Create(CultureInfo.InvariantCulture, $"{stat.DevMajor}:{stat.DevMinor}");
        // No lambda: its object would be made for every name that is looked up.
        foreach (MountEntry mount in mounts.Entries)
        {
            if (mount.Device == device && mount.Type == Type)
                return Errno.ELOOP;
        }
        return Errno.None;
    }
}
