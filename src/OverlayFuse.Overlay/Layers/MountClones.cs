using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// Descriptors of private mount clones, which are not needed once the layer's root is open. Closing one takes the clone out of its
/// namespace: the kernel then waits until no processor looks at it (0.1 ms and more). So a mount closes them after it has become live.
/// </summary>
internal sealed class MountClones : IDisposable
{
    private List<Fd> _trees = [];

    /// <summary>Takes a descriptor over.</summary>
    public void Add(Fd tree) => _trees.Add(tree);

    /// <summary>Closes them. The thread that mounted and the one that ends the session may both call it.</summary>
    public void Dispose() => Interlocked.Exchange(ref _trees, []).ForEach(tree => Sys.Close(tree));
}
