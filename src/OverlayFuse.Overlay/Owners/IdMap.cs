using OverlayFuse.Overlay.Callers;

namespace OverlayFuse.Overlay.Owners;

/// <summary>A mapping of user or group ids, from those on disk to those that the mount shows, and back. It never changes.</summary>
/// <param name="ranges">Ranges that overlap on neither side.</param>
internal sealed class IdMap(IdRange[] ranges)
{
    private const uint Half = 1u << 31;

    /// <summary>Maps every id to itself.</summary>
    public static IdMap Identity { get; } = new([new IdRange(0, 0, Half), new IdRange(Half, Half, Half)]);

    /// <summary>The map of an option; <see cref="Identity"/> if the option names no range.</summary>
    public static IdMap Of(IReadOnlyList<IdRange> ranges) => ranges.Count == 0 ? Identity : new IdMap([.. ranges]);

    /// <summary>An id on disk as the mount shows it.</summary>
    /// <returns>False if no range holds the id; it is then shown as "nobody".</returns>
    public bool TryToShown(uint disk, out uint shown)
    {
        foreach (ref readonly IdRange range in ranges.AsSpan())
        {
            // The difference of an id below the range wraps around, and is too large.
            if (disk - range.Container < range.Count)
            {
                shown = range.Host + (disk - range.Container);
                return true;
            }
        }
        shown = UserNamespace.Overflow;
        return false;
    }

    /// <summary>The id on disk of an id that a caller names.</summary>
    /// <returns>False if no range holds the id; "nobody" then stands for it.</returns>
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
