namespace OverlayFuse.Overlay.Changes;

/// <summary>A directory that is being compared, and the work that is left in it.</summary>
/// <param name="before">The directory without the upper; null if there is none.</param>
/// <param name="after">The directory with the upper.</param>
/// <param name="pathLength">The length of its path.</param>
internal sealed class ViewFrame(ViewDirectory? before, ViewDirectory after, int pathLength) : IDisposable
{
    /// <summary>
    /// Directories whose content comes after the next name: "a/x" comes behind "a!". The one postponed last is done first.
    /// </summary>
    private readonly Stack<byte[]> _postponed = [];

    private int _next;

    public ViewDirectory? Before => before;

    public ViewDirectory After => after;

    public int PathLength => pathLength;

    /// <summary>The names, in the order of their bytes, each with a NUL.</summary>
    public List<byte[]> Names { get; set; } = [];

    /// <summary>Nothing is left to do.</summary>
    public bool IsDone => _next == Names.Count && _postponed.Count == 0;

    public bool IsOpen => after.IsOpen;

    /// <summary>The next name; null at the end.</summary>
    public byte[]? TakeName() => _next < Names.Count ? Names[_next++] : null;

    /// <summary>The directory to go into before the next name is taken, if there is one.</summary>
    public byte[]? TakeDirectory() => _postponed.TryPeek(out byte[]? name) && !IsNextBefore(name) ? _postponed.Pop() : null;

    /// <summary>Leaves a directory for later if other names come before its content.</summary>
    public bool Postpone(byte[] name)
    {
        bool isLater = IsNextBefore(name);
        if (isLater)
            _postponed.Push(name);
        return isLater;
    }

    /// <summary>Closes both directories. The work that is left stays known.</summary>
    public void Dispose()
    {
        before?.Dispose();
        after.Dispose();
    }

    /// <summary>True if the next name comes before the content of a directory.</summary>
    private bool IsNextBefore(ReadOnlySpan<byte> directory)
    {
        if (_next == Names.Count)
            return false;
        ReadOnlySpan<byte> next = Names[_next], plain = directory[..^1];
        return next.StartsWith(plain) && next[plain.Length] < (byte)'/';
    }
}
