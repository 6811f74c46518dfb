namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// What a directory has beyond other inodes. Locking the object guards its names: what stands in its upper directory, and the
/// <see cref="Place"/> of its children.
/// </summary>
/// <param name="parts">Its lower parts.</param>
internal sealed class DirectoryNode(LowerParts parts) : InodeExtra
{
    private int _version;
    private byte _impure;
    private int _openHandles;

    private volatile LowerParts _parts = parts;

    /// <summary>Its lower parts; take them once in one piece of work. Replaced under the lock of the names.</summary>
    public LowerParts Parts
    {
        get => _parts;
        set => _parts = value;
    }

    /// <summary>Numbers of the lower layers that have it, topmost first.</summary>
    public ushort[] Lowers => _parts.Layers;

    /// <summary>xattr "redirect" of the upper directory.</summary>
    public volatile byte[]? Redirect;

    /// <summary>How many known inodes have a name in it; guarded by the lock of <see cref="InodeTable"/>.</summary>
    public int Children;

    /// <summary>Whether the upper directory holds AUFS whiteouts; asked only of an upper that is written so.</summary>
    public Known UpperHasAufsWhiteouts = Known.NotYet;

    /// <summary>Notes for a slot whether its directory holds AUFS whiteouts.</summary>
    /// <param name="of">The parts that were read.</param>
    /// <param name="slot">0 the upper, then one for each layer of the parts.</param>
    /// <param name="any">What was seen.</param>
    public void LearnAufsWhiteouts(LowerParts of, int slot, bool any)
    {
        ref Known known = ref slot == 0 ? ref UpperHasAufsWhiteouts : ref of.HasAufsWhiteouts[slot - 1];
        _ = Interlocked.CompareExchange(ref known, any ? Known.Yes : Known.No, Known.NotYet); // unless one was made meanwhile
    }

    /// <summary>Impure as on disk: children may have an origin.</summary>
    public Known IsImpure => (Known)Volatile.Read(ref _impure);

    /// <summary>Whether the upper directory has a default ACL.</summary>
    public volatile Known HasDefaultAcl;

    /// <summary>Forgets what was learnt of the disk.</summary>
    public void Unlearn()
    {
        Volatile.Write(ref _impure, (byte)Known.NotYet);
        HasDefaultAcl = UpperHasAufsWhiteouts = Known.NotYet;
    }

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
