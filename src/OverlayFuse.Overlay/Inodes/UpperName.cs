using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>A name in an upper directory.</summary>
internal readonly ref struct UpperName(Inode parent, Fd upper, Name name)
{
    public Inode Parent { get; } = parent;

    /// <summary>The upper directory.</summary>
    public Fd Upper { get; } = upper;

    public Name Name { get; } = name;
}
