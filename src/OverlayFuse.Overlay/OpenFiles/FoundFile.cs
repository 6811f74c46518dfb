using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>A real file: a directory's descriptor and a name in it, or the file's own descriptor and the empty name.</summary>
internal readonly ref struct FoundFile
{
    private readonly BorrowedFd _directory;
    private readonly DirectoryNode? _locked;

    /// <param name="directory">A reference that is given back on disposal.</param>
    /// <param name="name">The name in it.</param>
    /// <param name="toLock">The directory whose names are locked from here to disposal.</param>
    public FoundFile(BorrowedFd directory, Name name, DirectoryNode? toLock)
    {
        _directory = directory;
        Name = name;
        _locked = toLock;
        if (toLock is not null)
            Monitor.Enter(toLock);
    }

    public Fd Directory => _directory;

    /// <summary>The same, without the reference and the lock.</summary>
    public LayerName At => new(Directory, Name);

    public Name Name { get; }

    public void Dispose()
    {
        if (_locked is not null)
            Monitor.Exit(_locked);
        _directory.Dispose();
    }
}
