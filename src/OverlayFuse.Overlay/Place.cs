using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// One name of an inode in the merged view: in which directory, and what it is called there. Never changes; a rename makes a new
/// one. Several hang together when hard links of one upper file were met.
/// </summary>
/// <param name="parent">The directory.</param>
/// <param name="name">The name with its NUL.</param>
/// <param name="other">The next known name of the same inode.</param>
internal sealed class Place(Inode parent, byte[] name, Place? other = null)
{
    public Inode Parent { get; } = parent;

    public Name Name => new(_name);

    /// <summary>Written under the lock of <see cref="InodeTable"/>.</summary>
    public Place? Other { get; set; } = other;

    private readonly byte[] _name = name;

    public bool Is(Inode directory, Name name) =>
        ReferenceEquals(Parent, directory) && name.WithNul.SequenceEqual(_name);
}
