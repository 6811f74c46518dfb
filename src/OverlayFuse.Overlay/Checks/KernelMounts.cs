using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Checks;

/// <summary>The kernel's live overlays: their uppers and work directories must not get a second writer.</summary>
public static class KernelMounts
{
    /// <summary>Refuses a directory that a live kernel overlay writes to.</summary>
    /// <exception cref="MountRefusedException">One of them is in use.</exception>
    public static void RefuseInUse(LayerPlace upper, LayerPlace work, MountTable mounts)
    {
        foreach (MountEntry overlay in mounts.Entries.Where(entry => entry.Type == "overlay"))
        {
            if (overlay.Option("upperdir") is not { } theirUpper || overlay.Option("workdir") is not { } theirWork)
                continue;
            LayerPlace? taken = IsRelativeTwin(upper, work, overlay, theirUpper, theirWork) || IsOneOf(upper, theirUpper, theirWork) ? upper
                : IsOneOf(work, theirUpper, theirWork) ? work : null;
            if (taken is not null)
                throw new MountRefusedException(
                    $"{taken}: in use by the overlay mounted at {overlay.MountPoint}; "
                        + $"run 'umount {overlay.MountPoint}' or use other directories");
        }
    }

    /// <summary>
    /// Refuses a lower layer that a live kernel overlay writes to. With an index, the place of each file must stay (ovl_lower_dir, EBUSY).
    /// </summary>
    /// <exception cref="MountRefusedException">It is in use.</exception>
    public static void RefuseInUse(LayerPlace lower, MountTable mounts)
    {
        MountEntry? writer = mounts.Entries.FirstOrDefault(entry => entry.Type == "overlay"
            && entry.Option("upperdir") is { } upper && entry.Option("workdir") is { } work && IsOneOf(lower, upper, work));
        if (writer is not null)
            throw new MountRefusedException(
                $"{lower}: in use by the overlay mounted at {writer.MountPoint}, which may change it (EBUSY); "
                + $"leave out index=on, or run 'umount {writer.MountPoint}'")
            { Error = Errno.EBUSY };
    }

    private static bool IsOneOf(LayerPlace place, string theirUpper, string theirWork) =>
        IsSame(place, theirUpper) || IsSame(place, theirWork);

    private static bool IsSame(LayerPlace place, string path)
    {
        if (!Path.IsPathRooted(path) || Sys.OpenAt(Fd.WorkingDirectory, Name.From(path), OpenFlags.Path, out Fd fd) != Errno.None)
            return false;
        using var theirs = new ScopedFd(fd);
        return Sys.FStatx(theirs, out Statx one) == Errno.None
            && Sys.FStatx(place.Fd, out Statx other) == Errno.None
            && one.Dev == other.Dev && one.Ino == other.Ino;
    }

    /// <summary>
    /// True if relative paths of the kernel's overlay name these directories. The kernel shows paths as they were given. Relative ones
    /// mostly start at a directory above the mountpoint. If both exist there, they are the right ones. If not, the ends of both paths
    /// decide.
    /// </summary>
    private static bool IsRelativeTwin(LayerPlace upper, LayerPlace work, MountEntry overlay, string theirUpper, string theirWork)
    {
        if (!EndsWithPath(upper.RealPath, theirUpper) || !EndsWithPath(work.RealPath, theirWork))
            return false;
        for (string? above = Path.GetDirectoryName(overlay.MountPoint); above is not null; above = Path.GetDirectoryName(above))
        {
            if (Sys.IsDirectory(Path.Combine(above, theirUpper)) && Sys.IsDirectory(Path.Combine(above, theirWork)))
                return IsSame(upper, Path.Combine(above, theirUpper));
        }
        return true;
    }

    private static bool EndsWithPath(string path, string relative) =>
        !Path.IsPathRooted(relative) && path.EndsWith("/" + relative.TrimEnd('/'), StringComparison.Ordinal);
}
