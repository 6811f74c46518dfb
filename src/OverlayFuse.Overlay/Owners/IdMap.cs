using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Owners;

/// <summary>A mapping of user or group ids: those on disk to those that the mount shows, and back.</summary>
/// <param name="ranges">Without overlaps on either side.</param>
internal sealed class IdMap(IdRange[] ranges)
{
    /// <summary>Null where nothing is mapped.</summary>
    public static IdMap? Of(IReadOnlyList<IdRange> ranges) => ranges.Count == 0 ? null : new IdMap([.. ranges]);

    /// <summary>An id on disk as the mount shows it.</summary>
    public bool TryToShown(uint disk, out uint shown)
    {
        foreach (ref readonly IdRange range in ranges.AsSpan())
        {
            if (disk - range.Container < range.Count) // also false where the difference is negative
            {
                shown = range.Host + (disk - range.Container);
                return true;
            }
        }
        shown = UserNamespace.Overflow;
        return false;
    }

    /// <summary>An id of a caller as it is on disk.</summary>
    public bool TryToDisk(uint shown, out uint disk)
    {
        foreach (ref readonly IdRange range in ranges.AsSpan())
        {
            if (shown - range.Host < range.Count)
            {
                disk = range.Container + (shown - range.Host);
                return true;
            }
        }
        disk = UserNamespace.Overflow;
        return false;
    }
}
