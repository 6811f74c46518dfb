using OverlayFuse.Linux;
using OverlayFuse.Overlay.Changes;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Seeing;

/// <summary>One layer of a stack that is read from outside.</summary>
/// <param name="Number">0 the upper, then the lower ones, topmost first, then the data-only ones.</param>
/// <param name="Role">"upper", "lower" or "data".</param>
/// <param name="Path">The directory.</param>
public sealed record StackLayer(int Number, string Role, string Path);

/// <summary>
/// A stack of layers, read from outside of a mount by the same walk as a mount: which layer gives an entry, and why the others do not.
/// One thread owns it. Nothing is written.
/// </summary>
public sealed class StackView : IDisposable
{
    private readonly ViewLayers _layers;
    private readonly ViewDirectory _lowerRoots;
    private readonly EntryReader _reader;
    private readonly Explainer _explainer;

    /// <param name="options">The layers, and the options that say how marks are read.</param>
    /// <param name="believesOverrides">True if owners and modes in user.containers.override_stat count.</param>
    /// <param name="ignoresLowerAufs">True if ".wh.NAME" is a name like others in lower layers, as to the kernel.</param>
    /// <exception cref="IOException">A layer cannot be opened. The text names it.</exception>
    public StackView(OverlayOptions options, bool believesOverrides, bool ignoresLowerAufs)
    {
        _layers = new ViewLayers(options, believesOverrides, ignoresLowerAufs);
        _lowerRoots = _layers.OpenRoot(1);
        _reader = new EntryReader(_layers);
        _explainer = new Explainer(_layers, _lowerRoots, _reader);
        Layers = [.. _layers.Stack.Concat(_layers.DataOnly).Select(Describe).Skip(_layers.HasUpper ? 0 : 1)];
    }

    /// <summary>The layers, topmost first. Without an upper they begin with number 1.</summary>
    public IReadOnlyList<StackLayer> Layers { get; }

    /// <summary>Explains one entry.</summary>
    /// <param name="path">From the root of the view, without a slash at the ends; empty for the root.</param>
    /// <exception cref="IOException">A layer cannot be read, or the path leads through a symbolic link.</exception>
    public EntryExplanation Explain(string path) => _explainer.Explain(path);

    /// <summary>Lists a directory of the view, in the order of the names' bytes.</summary>
    /// <param name="path">From the root of the view; empty for the root.</param>
    /// <param name="options">The entries that are listed.</param>
    /// <param name="sink">Takes them one by one.</param>
    /// <exception cref="IOException">There is no such directory, or a layer cannot be read.</exception>
    public void List(string path, TreeOptions options, Action<TreeEntry> sink)
    {
        using var walk = new TreeWalk(_layers, _explainer, options, sink);
        walk.Run(path);
    }

    /// <summary>Opens a regular file of one layer for reading, shown or hidden.</summary>
    /// <param name="layer">Its number.</param>
    /// <param name="path">From the root of the layer, without a slash at the front.</param>
    /// <param name="file">The descriptor.</param>
    /// <returns>EINVAL for another file.</returns>
    public Errno Open(int layer, string path, out Fd file) => _reader.Open(layer, NativeText.ToBytes("/" + path), out file);

    /// <inheritdoc/>
    public void Dispose()
    {
        _lowerRoots.Dispose();
        _layers.Dispose();
    }

    private StackLayer Describe(Layer layer, int number) =>
        new(number, number == 0 ? "upper" : number < _layers.Stack.Count ? "lower" : "data", layer.Path);
}
