using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>
/// The identity of the mount on top at a path. The kernel reuses the numbers of a mount that is gone, so type and source are a part of the
/// identity, unless the kernel has a number that it never reuses (6.8).
/// </summary>
/// <param name="Device">"major:minor" of the superblock.</param>
/// <param name="Id">The mount id; 0 on kernels that do not give it (before 5.8).</param>
/// <param name="TypeAndSource">As in mountinfo; empty if it is not needed, or without /proc.</param>
internal sealed record MountIdentity(string Device, ulong Id, string TypeAndSource)
{
    /// <summary>Looks at a path without asking the daemon: it may be this process, or gone.</summary>
    /// <param name="mountPoint">The absolute path without symbolic links.</param>
    /// <returns>Null if the path cannot be looked at.</returns>
    internal static MountIdentity? At(string mountPoint)
    {
        const StatxMask ids = StatxMask.MountId | StatxMask.UniqueMountId;
        if (Sys.StatxUnasked(Name.From(mountPoint), out Statx stat, ids) != Errno.None)
            return null;
        string device = string.Create(CultureInfo.InvariantCulture, $"{stat.DevMajor}:{stat.DevMinor}");
        bool isUnique = (stat.Mask & StatxMask.UniqueMountId) != 0;
        return new MountIdentity(device, (stat.Mask & ids) != 0 ? stat.MountId : 0, isUnique ? "" : TypeAndSourceAt(mountPoint));
    }

    private static string TypeAndSourceAt(string mountPoint)
    {
        // The table is empty without /proc.
        _ = MountTable.Read(out MountTable mounts);
        return mounts.OnTopAt(mountPoint) is { } top ? $"{top.Type} {top.Source}" : "";
    }
}
