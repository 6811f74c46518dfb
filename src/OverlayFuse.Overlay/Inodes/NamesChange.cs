namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// A change of names in one directory or two. It holds their locks, taken in the order of their node numbers, and keeps their versions odd,
/// so that lookups at the same time are repeated.
/// </summary>
internal readonly ref struct NamesChange
{
    private readonly DirectoryNode _first;
    private readonly DirectoryNode? _second;

    public NamesChange(Inode directory)
    {
        _first = directory.Directory!;
        Monitor.Enter(_first);
        _first.StepVersion();
    }

    public NamesChange(Inode one, Inode other)
    {
        bool inOrder = one.Id.Value < other.Id.Value;
        _first = (inOrder ? one : other).Directory!;
        _second = ReferenceEquals(one, other) ? null : (inOrder ? other : one).Directory!;
        Monitor.Enter(_first);
        _first.StepVersion();
        if (_second is null)
            return;
        Monitor.Enter(_second);
        _second.StepVersion();
    }

    public void Dispose()
    {
        if (_second is not null)
        {
            _second.StepVersion();
            Monitor.Exit(_second);
        }
        _first.StepVersion();
        Monitor.Exit(_first);
    }
}
