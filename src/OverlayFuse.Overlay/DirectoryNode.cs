using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// What a directory has beyond other inodes. Locking the object guards its names: what stands in its upper directory, and the
/// <see cref="Place"/> of its children.
/// </summary>
/// <param name="lowers">Indexes of the lower layers that have it, topmost first; whatever is hidden left out.</param>
internal sealed class DirectoryNode(ushort[] lowers)
{
    private int _version;

    public ushort[] Lowers { get; } = lowers;

    /// <summary>Descriptors of the real directories, of <see cref="DirectoryCache"/>: 0 the upper, then one for each of <see cref="Lowers"/>.</summary>
    public SafeFd?[] Descriptors { get; } = new SafeFd?[1 + lowers.Length];

    /// <summary>Which of <see cref="Lowers"/> hold AUFS whiteouts here.</summary>
    public Known[] HasAufsWhiteouts { get; } = new Known[lowers.Length];

    /// <summary>Impure as on disk: children may have an origin.</summary>
    public volatile Known IsImpure;

    /// <summary>Whether the upper directory has a default ACL.</summary>
    public volatile Known HasDefaultAcl;

    /// <summary>Odd while the names change; a lookup whose version is no longer this one saw something else.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Around every change, under the lock of the names.</summary>
    public void StepVersion() => Interlocked.Increment(ref _version);
}
