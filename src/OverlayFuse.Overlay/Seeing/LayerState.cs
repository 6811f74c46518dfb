using OverlayFuse.Linux;
using OverlayFuse.Overlay.Changes;

namespace OverlayFuse.Overlay.Seeing;

/// <summary>The state of one layer at one path of the view.</summary>
/// <param name="Place">The path in the layer, with a slash before each name. The root is empty.</param>
/// <param name="IsShown">The layer gives a part of the entry.</param>
/// <param name="HiddenBy">The entry that hides the layer's; null if nothing does.</param>
internal sealed record LayerState(byte[] Place, bool IsShown, Hiding? HiddenBy)
{
    /// <summary>The path that a redirect passes by; null if none does.</summary>
    public byte[]? PassedBy { get; private init; }

    /// <summary>The state after a lookup of the next name.</summary>
    /// <param name="layer">The number of the layer.</param>
    /// <param name="name">With a NUL.</param>
    /// <param name="path">The path in the view.</param>
    /// <param name="trace">The way of the lookup; null if the directory is not shown.</param>
    public LayerState Below(int layer, byte[] name, string path, LookupTrace? trace)
    {
        byte[] own = Join(name);
        if (trace is null)
            return new LayerState(own, false, HiddenBy);
        byte[]? location = trace.LocationIn(layer);
        byte[] place = location switch
        {
            null => own,
            [(byte)'/', ..] => location[..^1],
            _ => Join(location),
        };
        byte[]? passedBy = location is null || place.AsSpan().SequenceEqual(own) ? null : own;
        if (trace.HasTaken(layer))
            return new LayerState(place, true, null) { PassedBy = passedBy };
        Hiding? hiding = IsShown && layer >= trace.StoppedIn ? new Hiding(trace.StoppedIn.Value, trace.Reason, path) : HiddenBy;
        return new LayerState(place, false, hiding) { PassedBy = passedBy };
    }

    /// <summary>The path in the layer as a text.</summary>
    public static string TextOf(byte[] place) => NativeText.From(place.AsSpan(place.Length > 0 ? 1 : 0));

    private byte[] Join(byte[] name) => [.. Place, (byte)'/', .. name.AsSpan(0, name.Length - 1)];
}
