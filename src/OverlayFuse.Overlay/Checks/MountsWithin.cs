using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Mounts inside of layers. A private clone of a layer's mount shows none. Where it cannot be had (fusermount3; Linux before 5.12), all are seen, and of those
/// a merged view must not be entered: a daemon that goes into its own view waits for itself, and two that show each other wait for each other.
/// </summary>
internal static class MountsWithin
{
    private const string ViewType = "fuse.overlayfuse";

    /// <summary>Refuses a mountpoint inside a layer that would show the mount.</summary>
    /// <param name="layers">All layers and the work directory.</param>
    /// <param name="mountPoint">Where the view is going to be.</param>
    /// <exception cref="MountRefusedException">It is.</exception>
    public static void RefuseMountPoint(IEnumerable<LayerPlace> layers, LayerPlace mountPoint)
    {
        LayerPlace? around = layers.FirstOrDefault(layer => layer.Contains(mountPoint) && !mountPoint.Contains(layer) && !CanHide(layer));
        if (around is not null)
            throw new MountRefusedException(
                $"{mountPoint}: lies inside {around}, which would show the mount in itself: only root, or a user namespace on Linux 5.12 or newer, can keep "
                + "mounts out of a layer; choose a mountpoint outside of the layers")
            { Error = Errno.ELOOP };
    }

    /// <summary>Refuses what was found in a layer, if it is the root of a merged view, of this or another daemon.</summary>
    /// <returns>ELOOP if it is, or where nobody can tell (no /proc); why else the mounts cannot be read.</returns>
    public static Errno RefuseView(in Statx stat)
    {
        bool mayBeView = (stat.Attributes & StatxAttributes.MountRoot) != 0 && stat.IsDirectory && stat.DevMajor == 0; // FUSE has no block device
        if (!mayBeView)
            return Errno.None;
        Errno error = MountTable.Read(out MountTable mounts);
        if (error != Errno.None)
            return error == Errno.ENOENT ? Errno.ELOOP : error; // ENOENT would say that the directory is not there
        string device = string.Create(CultureInfo.InvariantCulture, $"{stat.DevMajor}:{stat.DevMinor}");
        foreach (MountEntry mount in mounts.Entries) // a lambda's object would be made for every name that is looked up
        {
            if (mount.Device == device && mount.Type == ViewType)
                return Errno.ELOOP;
        }
        return Errno.None;
    }

    private static bool CanHide(LayerPlace layer)
    {
        bool isClone = Sys.CloneMount(layer.Fd, readOnly: true, out Fd clone) == Errno.None;
        if (isClone)
            Sys.Close(clone);
        return isClone;
    }
}
