using OverlayFuse.Tools.Containerd;

namespace OverlayFuse.Tools.Snapshotter.Filters;

/// <summary>Conditions that a snapshot meets all of.</summary>
internal sealed record Filter(IReadOnlyList<Selector> Selectors)
{
    public bool Matches(Info info) => Selectors.All(selector => selector.Matches(info));
}
