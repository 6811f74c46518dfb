using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.OpenFiles;

/// <summary>A real file: the descriptor of a directory and a name in it, or the descriptor of the file and the empty name.</summary>
internal readonly ref struct FoundFile
{
    private readonly BorrowedFd _directory;
    private readonly DirectoryNode? _locked;

    /// <param name="directory">A reference, which the disposal gives back.</param>
    /// <param name="name">The name in it.</param>
    /// <param name="toLock">This locks its names until the disposal; null for none.</param>
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
