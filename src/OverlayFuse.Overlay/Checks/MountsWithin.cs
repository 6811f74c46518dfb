using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Mounts inside of layers. A private clone of a layer's mount shows none. If the daemon cannot make a clone (fusermount3; Linux before
/// 5.12), it sees them all. It must not enter a merged view there: a daemon that enters its own view waits for itself, and two daemons that
/// show each other wait for each other.
/// </summary>
internal static class MountsWithin
{
    /// <summary>Refuses a mountpoint inside a layer that would show the mount.</summary>
    /// <param name="layers">All layers and the work directory.</param>
    /// <param name="mountPoint">The place for the view.</param>
    /// <exception cref="MountRefusedException">The mountpoint is inside such a layer.</exception>
    public static void RefuseMountPoint(IEnumerable<LayerPlace> layers, LayerPlace mountPoint)
    {
        LayerPlace? around = layers.FirstOrDefault(layer => layer.Contains(mountPoint) && !mountPoint.Contains(layer) && !CanHide(layer));
        if (around is not null)
            throw new MountRefusedException(
                $"{mountPoint}: lies inside {around}, which would show the mount in itself: "
                + "only root, or a user namespace on Linux 5.12 or newer, can keep mounts out of a layer; "
                + "choose a mountpoint outside of the layers")
            { Error = Errno.ELOOP };
    }

    private static bool CanHide(LayerPlace layer)
    {
        bool isClone = Sys.CloneMount(layer.Fd, readOnly: true, out Fd clone) == Errno.None;
        if (isClone)
            Sys.Close(clone);
        return isClone;
    }
}
