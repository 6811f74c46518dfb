using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Changes;

/// <summary>The way of one <see cref="ViewLookup"/> through the layers: what it took, where it went on, where and why it ended.</summary>
internal sealed class LookupTrace
{
    private readonly HashSet<int> _taken = [];

    /// <summary>The layers that hold a redirect, and the name or path that counts in the layers below each.</summary>
    private readonly List<(int Holder, byte[]? Location)> _redirects = [];

    private int _current;

    /// <summary>The location below the last redirect is still to come.</summary>
    private bool _isPending;

    /// <summary>The layer that hides those below it; null if none does.</summary>
    public int? StoppedIn { get; private set; }

    /// <summary>The reason, if there is such a layer.</summary>
    public LayerStop Reason { get; private set; }

    /// <summary>The path of the data in the data-only layers; null if they are not there.</summary>
    public byte[]? DataPath { get; private set; }

    public void Enter(int layer, byte[]? location)
    {
        End(location);
        _current = layer;
    }

    /// <summary>The lookup has ended.</summary>
    /// <param name="location">The name or path in the layers below.</param>
    public void End(byte[]? location)
    {
        if (_isPending)
            _redirects[^1] = (_redirects[^1].Holder, location);
        _isPending = false;
    }

    public void Take(int layer) => _taken.Add(layer);

    public void TakeData(byte[] path) => DataPath = path;

    /// <summary>A later path of a redirect is looked for in spite of the marks before it.</summary>
    public void TakeRedirect(byte[] redirect)
    {
        if (redirect is [(byte)'/', ..])
            StoppedIn = null;
        _redirects.Add((_current, null));
        _isPending = true;
    }

    /// <summary>The first reason counts.</summary>
    public void Stop(int layer, LayerStop reason)
    {
        if (StoppedIn is null)
            (StoppedIn, Reason) = (layer, reason);
    }

    /// <summary>True if the layer gives a part of the entry.</summary>
    public bool HasTaken(int layer) => _taken.Contains(layer);

    /// <summary>The name or path in a layer, with a NUL; null for the name that was looked for.</summary>
    public byte[]? LocationIn(int layer) => _redirects.LastOrDefault(redirect => redirect.Holder < layer).Location;
}
