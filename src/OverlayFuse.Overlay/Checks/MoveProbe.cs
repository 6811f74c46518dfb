using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>
/// Tries whether files can be moved between work and upper. Some file systems refuse that on one mount, too: between subvolumes of btrfs, and into a directory
/// with another project id of which what is made in it inherits the id. Only the work directory gets a name: the upper's times stay what they are.
/// </summary>
internal static class MoveProbe
{
    private const uint OwnerOnly = 0x180;

    /// <summary>Probes.</summary>
    /// <param name="upper">The upper layer.</param>
    /// <param name="work">The work directory, named in texts.</param>
    /// <param name="probe">An empty directory in it.</param>
    /// <exception cref="MountRefusedException">Nothing can be moved.</exception>
    public static void Run(LayerPlace upper, LayerPlace work, Fd probe)
    {
        if (FromUpper(upper, probe) == Errno.EXDEV || IntoUpper(upper, probe) == Errno.EXDEV)
            throw Refusal(upper, work);
    }

    /// <summary>What is thrown when the disk lets nothing through between both.</summary>
    public static MountRefusedException Refusal(LayerPlace upper, LayerPlace work) => new(
        $"{work}: nothing can be moved between it and {upper} (EXDEV): one is on another subvolume, or has another project id (lsattr -p); " +
        $"use a directory beside the upper, in the same subvolume and project")
    { Error = Errno.EXDEV };

    private static Errno FromUpper(LayerPlace upper, Fd probe)
    {
        Name name = Name.From("moved");
        Errno error = Sys.OpenAt(upper.Fd, Name.Dot, OpenFlags.TmpFile | OpenFlags.ReadWrite, out Fd opened, OwnerOnly);
        if (error != Errno.None)
            return Errno.None; // no O_TMPFILE here: device numbers and project ids tell
        using var file = new ScopedFd(opened);
        error = Sys.LinkFd(file, probe, name);
        _ = Sys.UnlinkAt(probe, name); // then rmdir says so
        return error;
    }

    /// <summary>A name in the upper would be seen, so the rule is asked for instead: ext4_link, xfs_link and their renames.</summary>
    private static Errno IntoUpper(LayerPlace upper, Fd probe)
    {
        if (Sys.GetProject(upper.Fd, out uint project, out bool isInherited) != Errno.None || !isInherited)
            return Errno.None;
        Errno error = Sys.GetProject(probe, out uint own, out bool gives);
        return error == Errno.None && (gives ? own : 0) != project ? Errno.EXDEV : Errno.None;
    }
}
