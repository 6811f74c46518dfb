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
    private byte _impure;
    private int _openHandles;

    public ushort[] Lowers { get; } = lowers;

    /// <summary>
    /// Where each of <see cref="Lowers"/> is: null for the name of the directory's <see cref="Place"/> in its parent, another name there, or
    /// a path from the layer's root; each with a NUL behind it. Null when none is elsewhere. Replaced whole, under the lock of the parent's names.
    /// </summary>
    public volatile byte[]?[]? LowerLocations;

    /// <summary>xattr "redirect" of the upper directory.</summary>
    public volatile byte[]? Redirect;

    /// <summary>Its layers may have whiteouts that are files with an xattr (opaque=x).</summary>
    public bool HasXattrWhiteouts { get; init; }

    /// <summary>Descriptors of the real directories, of <see cref="DirectoryCache"/>: 0 the upper, then one for each of <see cref="Lowers"/>.</summary>
    public SafeFd?[] Descriptors { get; } = new SafeFd?[1 + lowers.Length];

    /// <summary>Which of <see cref="Lowers"/> hold AUFS whiteouts here.</summary>
    public Known[] HasAufsWhiteouts { get; } = new Known[lowers.Length];

    /// <summary>Whether the upper directory holds any; asked only of an upper that is written so.</summary>
    public Known UpperHasAufsWhiteouts = Known.NotYet;

    /// <summary>Notes for a slot of <see cref="Descriptors"/> whether its directory holds AUFS whiteouts.</summary>
    public void LearnAufsWhiteouts(int slot, bool any)
    {
        ref Known known = ref slot == 0 ? ref UpperHasAufsWhiteouts : ref HasAufsWhiteouts[slot - 1];
        _ = Interlocked.CompareExchange(ref known, any ? Known.Yes : Known.No, Known.NotYet); // unless one was made meanwhile
    }

    /// <summary>Impure as on disk: children may have an origin.</summary>
    public Known IsImpure => (Known)Volatile.Read(ref _impure);

    /// <summary>Whether the upper directory has a default ACL.</summary>
    public volatile Known HasDefaultAcl;

    /// <summary>Notes what a look at the disk has shown, unless somebody has marked it meanwhile.</summary>
    /// <returns>What holds.</returns>
    public bool LearnImpure(bool impure)
    {
        byte found = (byte)(impure ? Known.Yes : Known.No);
        byte before = Interlocked.CompareExchange(ref _impure, found, (byte)Known.NotYet);
        return (before == (byte)Known.NotYet ? found : before) == (byte)Known.Yes;
    }

    /// <summary>Notes that it was marked.</summary>
    public void MarkImpure() => Volatile.Write(ref _impure, (byte)Known.Yes);

    /// <summary>How many OPENDIRs were not released yet.</summary>
    public ref int OpenHandles => ref _openHandles;

    /// <summary>Odd while the names change; a lookup whose version is no longer this one saw something else.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Around every change, under the lock of the names.</summary>
    public void StepVersion() => Interlocked.Increment(ref _version);
}
