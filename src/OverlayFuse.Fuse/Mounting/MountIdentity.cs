using System.Globalization;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Mounting;

/// <summary>
/// Which mount is on top at a path. The kernel gives the numbers of a mount that is gone to the next one, so type and source belong to it,
/// where neither the kernel has a number that never comes again (6.8) nor /proc is missing.
/// </summary>
/// <param name="Device">"0:45", of the superblock.</param>
/// <param name="Id">Mount id; 0 on kernels that do not tell (before 5.8).</param>
/// <param name="TypeAndSource">As in mountinfo; empty where it is not needed or cannot be had.</param>
internal sealed record MountIdentity(string Device, ulong Id, string TypeAndSource)
{
    /// <summary>The daemon is not asked: it may be ourselves, or gone.</summary>
    /// <param name="mountPoint">Absolute, without symlinks.</param>
    /// <returns>Null when it cannot be looked at.</returns>
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
        _ = MountTable.Read(out MountTable mounts); // without /proc it is empty
        return mounts.OnTopAt(mountPoint) is { } top ? $"{top.Type} {top.Source}" : "";
    }
}
