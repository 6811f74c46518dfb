using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Checks;

/// <summary>The demands on upper and work that can be checked without writing.</summary>
public static class UpperChecks
{
    private static readonly string[] NetworkTypes =
    [
        "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "afs", "lustre", "gfs2", "ocfs2", "beegfs", "gpfs", "glusterfs", "orangefs",
        "coda",
        "ncpfs",
    ];

    private static string LocalRemedy => "put upperdir and workdir on a local " + UpperAdvice.FileSystems();

    /// <summary>Checks both.</summary>
    /// <exception cref="MountRefusedException">They cannot be used.</exception>
    public static void Check(LayerPlace upper, LayerPlace work, OverlayOptions options, MountTable mounts)
    {
        RefuseSeparateMounts(upper, work);
        RefuseFileSystem(upper);
        if (!options.ReadOnly)
            RefuseReadOnly(upper);
        KernelMounts.RefuseInUse(upper, work, mounts);
        RefuseIncompatible(work, "work");
        if (options.Index)
            RefuseIncompatible(work, "index");
        RefuseStuckWork(work);
    }

    /// <summary>Refuses two mounts: rename(2) between work and upper must be possible, and fails even across a bind mount.</summary>
    private static void RefuseSeparateMounts(LayerPlace upper, LayerPlace work)
    {
        if (work.MountId != upper.MountId)
            throw new MountRefusedException(
                $"{work}: not on the same mount as {upper}; use a directory beside the upper, on the same file system");
        bool isSeen = Sys.FStatx(upper.Fd, out Statx one) == Errno.None & Sys.FStatx(work.Fd, out Statx other) == Errno.None;
        // A subvolume has its own device number.
        if (isSeen && one.Dev != other.Dev)
            throw MoveProbe.Refusal(upper, work);
    }

    /// <summary>
    /// Refuses a file system with entries that change without this kernel, as ovl_mount_dir_check does. The kernel's overlayfs is allowed;
    /// see
    /// <see cref="WorkProbe"/>.
    /// </summary>
    public static void RefuseFileSystem(LayerPlace upper)
    {
        if (upper.Mount?.Type is not { } type)
            return;
        if (NetworkTypes.Contains(type))
            throw new MountRefusedException($"{upper}: is on a network file system ({type}); {LocalRemedy}");
        if (type is "proc" or "sysfs" || type.StartsWith("fuse", StringComparison.Ordinal))
            throw new MountRefusedException($"{upper}: is on {type}, which cannot hold an upper layer; {LocalRemedy}");
    }

    /// <summary>True if the upper cannot be written to. A read-only mount then leaves it and work alone.</summary>
    public static bool IsReadOnly(LayerPlace upper) => upper.Mount is { IsReadOnly: true };

    private static void RefuseReadOnly(LayerPlace upper)
    {
        if (upper.Mount is { IsReadOnly: true } mount)
            throw new MountRefusedException(
                $"{upper}: {mount.MountPoint} is mounted read-only; remount it with 'mount -o remount,rw {mount.MountPoint}', "
                + "or leave out upperdir and workdir");
    }

    /// <summary>
    /// Refuses a work directory with an entry in work/incompat (ovl_check_incompat). An overlay with features that we lack leaves one, and
    /// so does a volatile one that crashed.
    /// </summary>
    private static void RefuseIncompatible(LayerPlace work, string directory)
    {
        string incompat = Path.Combine(work.RealPath, directory, "incompat");
        // An error means no entry: the directory mostly does not exist.
        _ = Sys.FindEntry(incompat, out string? name);
        string entry = Path.Combine(incompat, name ?? "");
        if (name is not null)
            throw new MountRefusedException(
                $"{work}: {entry} is there, left by an overlay that was not unmounted cleanly or has other features; " +
                $"start with a new upperdir and workdir, or remove {entry} if the upper's contents are known to be good");
    }

    /// <summary>Refuses an immutable directory, and a mount, in the way. The mount empties work/work, and can remove neither.</summary>
    private static void RefuseStuckWork(LayerPlace work)
    {
        RefuseStuck(work, work.RealPath, isRoot: true);
        RefuseStuck(work, Path.Combine(work.RealPath, "work"), isRoot: false);
    }

    private static void RefuseStuck(LayerPlace work, string directory, bool isRoot)
    {
        if (Sys.StatxAt(Fd.WorkingDirectory, Name.From(directory), out Statx stat) != Errno.None)
            return;
        if ((stat.Attributes & (StatxAttributes.Immutable | StatxAttributes.Append)) != 0)
            throw new MountRefusedException($"{work}: {directory} is immutable and cannot be emptied; run 'chattr -i -a {directory}'");
        if (!isRoot && (stat.Attributes & StatxAttributes.MountRoot) != 0)
            throw new MountRefusedException($"{work}: {directory} is a mountpoint and cannot be emptied; run 'umount {directory}'");
    }
}
