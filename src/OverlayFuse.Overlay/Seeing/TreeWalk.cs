using System.Runtime.CompilerServices;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Changes;

namespace OverlayFuse.Overlay.Seeing;

/// <summary>
/// Lists a view with the layers of each entry. It keeps the names of one directory for each level, and few descriptors for a tree of any
/// depth.
/// </summary>
/// <param name="layers">The layers.</param>
/// <param name="explainer">Looks names up.</param>
/// <param name="options">The entries that are listed.</param>
/// <param name="sink">Takes them.</param>
internal sealed class TreeWalk(ViewLayers layers, Explainer explainer, TreeOptions options, Action<TreeEntry> sink) : IDisposable
{
    private readonly ViewFrames _frames = new(layers);
    private readonly ViewPath _path = new();
    private readonly ConditionalWeakTable<ViewFrame, LayerState[]> _states = [];

    /// <exception cref="IOException">There is no such directory, or a layer cannot be read.</exception>
    public void Run(string path)
    {
        ViewDirectory start = explainer.Enter(path, out LayerState[] states);
        if (path.Length > 0)
            _path.Append(Name.From(path).ToArray());
        Push(start, states);
        while (_frames.Top is { } frame)
        {
            _path.Length = frame.PathLength;
            if (frame.TakeName() is { } name)
                Look(frame, name);
            else
                _frames.Pop();
        }
    }

    public void Dispose() => _frames.Dispose();

    private void Push(ViewDirectory directory, LayerState[] states)
    {
        var frame = new ViewFrame(null, directory, _path.Length);
        _frames.Push(frame);
        _states.Add(frame, states);
        frame.Names = layers.Names([directory], inUpperOnly: false);
    }

    private void Look(ViewFrame frame, byte[] name)
    {
        _path.Append(name);
        string path = NativeText.From(_path.Bytes);
        LayerState[] states = _states.TryGetValue(frame, out LayerState[]? above) ? [.. above] : [];
        using ViewEntry? entry = explainer.Step(frame.After, name, path, states, out LookupTrace? trace);
        if (entry is not null)
            sink(new TreeEntry { Path = path, Type = entry.Stat.Type, Layers = LayersOf(entry) });
        if (options.HasHidden)
            TellHidden(path, explainer.Held(entry, states, trace));
        if (options.HasTree && entry is { Stat.IsDirectory: true, IsBroken: false })
            Push(entry.Release(), states);
    }

    private void TellHidden(string path, IEnumerable<LayerEntryExplanation> held)
    {
        foreach (LayerEntryExplanation entry in held)
        {
            bool isShown = entry.GivesData || entry.GivesMetadata || entry.IsPart;
            if (entry.Form != EntryForm.Nothing && !isShown && (entry.HiddenBy is not null || entry.IsPassedBy))
                sink(new TreeEntry { Path = path, Type = entry.Stat.Type, Hidden = entry });
        }
    }

    private int[] LayersOf(ViewEntry entry)
    {
        if (entry.Stat.IsDirectory)
            return [.. entry.Parts.Parts.Select(part => part.Layer)];
        int data = entry.Data.Layer == ViewLayers.DataLayer ? layers.Stack.Count : entry.Data.Layer;
        return entry.IsBroken || data == entry.Top.Layer ? [entry.Top.Layer] : [entry.Top.Layer, data];
    }
}
