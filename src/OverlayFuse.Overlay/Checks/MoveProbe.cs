using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Tests if files can be moved between work and upper. Some file systems refuse it even on one mount: between subvolumes of btrfs, and into
/// a directory with another project id that new files inherit. Only the work directory gets a name, so the times of the upper stay the
/// same.
/// </summary>
internal static class MoveProbe
{
    /// <summary>Probes.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="work">The work directory, named in texts.</param>
    /// <param name="probe">An empty directory in the work directory.</param>
    /// <exception cref="MountRefusedException">Nothing can be moved.</exception>
    public static void Run(LayerPlace upper, LayerPlace work, Fd probe)
    {
        if (FromUpper(upper, probe) == Errno.EXDEV || IntoUpper(upper, probe) == Errno.EXDEV)
            throw Refusal(upper, work);
    }

    /// <summary>Makes the exception for a disk that moves nothing between both.</summary>
    public static MountRefusedException Refusal(LayerPlace upper, LayerPlace work) => new(
        $"{work}: nothing can be moved between it and {upper} (EXDEV): "
        + "one is on another subvolume, or has another project id (lsattr -p); "
        + "use a directory beside the upper, in the same subvolume and project")
    { Error = Errno.EXDEV };

    private static Errno FromUpper(LayerPlace upper, Fd probe)
    {
        Name name = Name.From("moved");
        Errno error = Sys.OpenAt(upper.Fd, Name.Dot, OpenFlags.TmpFile | OpenFlags.ReadWrite, out Fd opened, Permissions.OwnerReadWrite);
        // Without O_TMPFILE the device numbers and project ids decide.
        if (error != Errno.None)
            return Errno.None;
        using var file = new ScopedFd(opened);
        error = Sys.LinkFd(file, probe, name);
        // If it fails, rmdir of the probe fails, too.
        _ = Sys.UnlinkAt(probe, name);
        return error;
    }

    /// <summary>
    /// Applies the rule of ext4_link, xfs_link and their renames. A real test would make a name in the upper, which others see.
    /// </summary>
    private static Errno IntoUpper(LayerPlace upper, Fd probe)
    {
        if (Sys.GetProject(upper.Fd, out uint project, out bool isInherited) != Errno.None || !isInherited)
            return Errno.None;
        Errno error = Sys.GetProject(probe, out uint own, out bool gives);
        return error == Errno.None && (gives ? own : 0) != project ? Errno.EXDEV : Errno.None;
    }
}
