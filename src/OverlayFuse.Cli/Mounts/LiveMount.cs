using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Mounts;

/// <summary>The overlayfuse mounts among those of this mount namespace.</summary>
internal static class LiveMount
{
    /// <summary>Those of one user, all for root: in the order of mounting, one that is bound elsewhere, too, once.</summary>
    public static IEnumerable<MountEntry> Find(MountTable mounts, uint user) =>
        mounts.Entries.Where(IsOurs).Where(entry => user == 0 || Owner(entry) == user).DistinctBy(entry => entry.Device);

    /// <summary>A mount that our daemon serves, or has served.</summary>
    public static bool IsOurs(MountEntry entry) => entry.Type == "fuse.overlayfuse";

    /// <summary>Who has mounted it; null when mountinfo does not tell.</summary>
    public static uint? Owner(MountEntry entry) => uint.TryParse(entry.Option("user_id"), out uint uid) ? uid : null;
}
