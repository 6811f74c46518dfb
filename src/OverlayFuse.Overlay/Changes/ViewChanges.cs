namespace OverlayFuse.Overlay.Changes;

/// <summary>Takes one difference between a merged view and its lower layers alone.</summary>
/// <param name="kind">'A' added, 'M' modified (content, attributes or type), 'D' deleted.</param>
/// <param name="path">From the root of the view, without NUL; valid until the call returns.</param>
public delegate void ViewChangeSink(char kind, ReadOnlySpan<byte> path);

/// <summary>
/// The changes that an upper makes to the lower layers, as users see them: the difference between the views with and without it. A deleted
/// directory is one change. A copy that equals its lower file is none. A tree of any depth takes no recursion, and few descriptors.
/// </summary>
public sealed class ViewChanges : IDisposable
{
    private readonly ViewLayers _layers;
    private readonly ViewDirectory _lowerRoots;
    private readonly ViewComparison _comparison;
    private readonly ViewPath _path = new();
    private readonly ViewFrames _frames;
    private readonly ViewChangeSink _sink;

    private ViewChanges(ViewLayers layers, ViewChangeSink sink)
    {
        _layers = layers;
        _sink = sink;
        _lowerRoots = layers.OpenRoot(1);
        _comparison = new ViewComparison(layers.Xattrs);
        _frames = new ViewFrames(layers);
    }

    /// <summary>Finds all changes, in the order of their paths' bytes.</summary>
    /// <param name="options">The layers.</param>
    /// <param name="believesOverrides">
    /// True if owners and modes in user.containers.override_stat count, in layers with that xattr on the root.
    /// </param>
    /// <param name="sink">Takes them one by one.</param>
    /// <param name="goesOn">Called for each name.</param>
    /// <exception cref="IOException">A layer cannot be read.</exception>
    public static void Find(OverlayOptions options, bool believesOverrides, ViewChangeSink sink, Action? goesOn = null)
    {
        using var layers = new ViewLayers(options, believesOverrides);
        using var changes = new ViewChanges(layers, sink);
        changes.Enter(layers.OpenRoot(1), layers.OpenRoot(0));
        while (changes._frames.Top is { } frame)
        {
            goesOn?.Invoke();
            changes.Step(frame);
        }
    }

    /// <summary>Closes all directories.</summary>
    public void Dispose()
    {
        _frames.Dispose();
        _lowerRoots.Dispose();
    }

    /// <summary>Goes into two directories. Null stands for a directory that is not there.</summary>
    private void Enter(ViewDirectory? before, ViewDirectory after)
    {
        bool onlyUpperDiffers = before is not null && before.HasSameLowers(after);
        var frame = new ViewFrame(before, after, _path.Length);
        _frames.Push(frame);
        IEnumerable<ViewDirectory> listed = before is null || onlyUpperDiffers ? [after] : [after, before];
        frame.Names = _layers.Names(listed, onlyUpperDiffers);
    }

    /// <summary>Compares the next name of a directory, or goes into a directory that was postponed, or leaves the directory.</summary>
    private void Step(ViewFrame frame)
    {
        _path.Length = frame.PathLength;
        if (frame.TakeDirectory() is { } directory)
            Compare(frame, directory, isKnown: true);
        else if (frame.TakeName() is { } name)
            Compare(frame, name, isKnown: false);
        else
            _frames.Pop();
    }

    private void Compare(ViewFrame frame, byte[] name, bool isKnown)
    {
        _path.Append(name);
        using ViewEntry? before = frame.Before is null ? null : Find(frame.Before, name);
        using ViewEntry? after = Find(frame.After, name);
        if (!isKnown && Kind(before, after) is { } kind)
            _sink(kind, _path.Bytes);
        if (after is null or { IsBroken: true } || !after.Stat.IsDirectory)
            return;
        ViewDirectory? old = before is { Stat.IsDirectory: true, IsBroken: false } ? before.Parts : null;
        bool mayDiffer = old is null || after.Top.Layer == 0 || !old.HasSameLowers(after.Parts);
        if (mayDiffer && (isKnown || !frame.Postpone(name)))
            Enter(old is null ? null : before!.Release(), after.Release());
    }

    private ViewEntry? Find(ViewDirectory parent, byte[] name) => new ViewLookup(_layers, _lowerRoots, parent, name).Run();

    private char? Kind(ViewEntry? before, ViewEntry? after) => (before, after) switch
    {
        (null, null) => null,
        (null, _) => 'A',
        (_, null) => 'D',
        _ => _comparison.Differ(before, after) ? 'M' : null,
    };
}
