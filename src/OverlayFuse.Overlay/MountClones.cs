using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// Descriptors of private mount clones that are not needed once the layer's root is open. Closing one takes the clone out of its namespace, which
/// waits until no processor can be looking at it (0.1 ms and more): for many layers that was most of the time to mount, so a thread does it.
/// </summary>
internal sealed class MountClones : IDisposable
{
    private const int StackSize = 64 << 10;

    private readonly List<Fd> _trees = [];

    /// <summary>Takes a descriptor over.</summary>
    public void Add(Fd tree) => _trees.Add(tree);

    /// <summary>Begins to close them; nobody needs to wait for the end of that.</summary>
    public void Dispose()
    {
        if (_trees.Count > 0)
            new Thread(() => _trees.ForEach(Sys.Close), StackSize) { IsBackground = true, Name = "clones" }.Start();
    }
}
