using System.Numerics;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Changes;

/// <summary>
/// The directories from the root to the one that is being compared. The deepest are open; of those above every second, every fourth,
/// and so on. So a tree of any depth takes few descriptors. When the comparison comes back to a closed directory, it opens that by the
/// names from the next open one above, which takes log(depth) steps on average. It does not use "..": below a bind mount the kernel
/// then walks to the mount's root each time (path_connected).
/// </summary>
/// <param name="layers">The layers.</param>
internal sealed class ViewFrames(ViewLayers layers) : IDisposable
{
    /// <summary>So many of the deepest directories are open.</summary>
    private const int Always = 2;

    private readonly List<ViewFrame> _frames = [];

    /// <summary>The deepest directory, open; null if none is left.</summary>
    public ViewFrame? Top => _frames.Count > 0 ? _frames[^1] : null;

    /// <summary>Takes over an open directory.</summary>
    public void Push(ViewFrame frame)
    {
        _frames.Add(frame);
        int top = _frames.Count - 1;
        for (long distance = Always; distance <= top; distance *= 2)
            Trim((int)(top - distance), top);
    }

    /// <summary>Leaves the deepest directory, and those above it in which nothing is left to do.</summary>
    /// <exception cref="IOException">The next directory cannot be opened again.</exception>
    public void Pop()
    {
        do
        {
            _frames[^1].Dispose();
            _frames.RemoveAt(_frames.Count - 1);
        }
        while (Top is { IsDone: true });
        int top = _frames.Count - 1, open = top;
        while (open >= 0 && !_frames[open].IsOpen)
            open--;
        for (int index = open + 1; index <= top; index++)
        {
            Reopen(_frames[index].Before, _frames[index - 1].Before);
            Reopen(_frames[index].After, _frames[index - 1].After);
            Trim(index - 1, top);
        }
    }

    public void Dispose() => _frames.ForEach(frame => frame.Dispose());

    /// <summary>Closes a directory that need not be open for now. The root stays open.</summary>
    private void Trim(int index, int top)
    {
        int distance = top - index;
        if (distance >= Always && index % (2 << BitOperations.Log2((uint)(distance / Always))) != 0)
            _frames[index].Dispose();
    }

    private void Reopen(ViewDirectory? directory, ViewDirectory? parent)
    {
        foreach (ViewPart part in directory?.Parts ?? [])
        {
            var location = new Name(part.Location);
            Errno error = part.IsBelowParent
                ? Sys.OpenAt(parent!.PartIn(part.Layer)!.Fd, location, ViewDirectory.Flags, out Fd opened)
                : LayerWalk.Open(layers.Stack[part.Layer].Root.Fd, part.Location, ViewDirectory.Flags, out opened);
            ViewLayers.Require(error, location);
            ViewLayers.Require(part.Take(opened), location);
        }
    }
}
