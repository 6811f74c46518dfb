using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Layers;

/// <summary>
/// Descriptors of private mount clones, which are not needed once the layer's root is open. Closing one takes the clone out of its
/// namespace: the kernel then waits until no processor looks at it (0.1 ms and more). For many layers that is most of the time to
/// mount, so a thread can do it.
/// </summary>
internal sealed class MountClones : IDisposable
{
    private const int StackSize = 256 << 10;

    private readonly List<Fd> _trees = [];
    private Thread? _closer;

    /// <summary>Takes a descriptor over.</summary>
    public void Add(Fd tree) => _trees.Add(tree);

    /// <summary>Closes them in a thread, while the caller goes on.</summary>
    public void BeginToClose()
    {
        if (_trees.Count == 0)
            return;
        _closer = new Thread(Close, StackSize) { IsBackground = true, Name = "clones" };
        _closer.Start();
    }

    /// <summary>Returns when all are closed.</summary>
    public void Dispose()
    {
        if (_closer is null)
            Close();
        else
            _closer.Join();
    }

    private void Close()
    {
        foreach (Fd tree in _trees)
            Sys.Close(tree);
        _trees.Clear();
    }
}
