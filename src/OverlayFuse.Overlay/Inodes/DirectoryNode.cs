namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// The fields that a directory has beyond other inodes. The lock of the object guards its names: the content of its upper directory, and
/// the <see cref="Place"/> of its children.
/// </summary>
/// <param name="parts">Its lower parts.</param>
internal sealed class DirectoryNode(LowerParts parts) : InodeExtra
{
    private int _version;
    private byte _impure;

    private volatile LowerParts _parts = parts;

    /// <summary>The lower parts. A piece of work takes them once. They are replaced under the lock of the names.</summary>
    public LowerParts Parts
    {
        get => _parts;
        set => _parts = value;
    }

    /// <summary>Numbers of the lower layers that have the directory, topmost first.</summary>
    public ushort[] Lowers => _parts.Layers;

    /// <summary>xattr "redirect" of the upper directory.</summary>
    public volatile byte[]? Redirect;

    /// <summary>The number of known inodes with a name in the directory. The lock of <see cref="InodeTable"/> guards it.</summary>
    public int Children;

    /// <summary>Yes if the upper directory holds AUFS whiteouts. Only an upper with AUFS whiteouts uses it.</summary>
    public Known UpperMarks = Known.NotYet;

    /// <summary>Notes for a slot if its directory holds AUFS whiteouts.</summary>
    /// <param name="of">The parts that were read.</param>
    /// <param name="slot">0 for the upper, then one for each layer of the parts.</param>
    /// <param name="any">There are AUFS whiteouts.</param>
    public void LearnAufsWhiteouts(LowerParts of, int slot, bool any)
    {
        ref Known known = ref slot == 0 ? ref UpperMarks : ref of.HasAufsWhiteouts[slot - 1];
        // A whiteout may have been made meanwhile.
        _ = Interlocked.CompareExchange(ref known, any ? Known.Yes : Known.No, Known.NotYet);
    }

    /// <summary>The mark "impure" of the upper directory: children may have an origin.</summary>
    public Known IsImpure => (Known)Volatile.Read(ref _impure);

    /// <summary>Yes if the upper directory has a default ACL.</summary>
    public volatile Known HasDefaultAcl;

    /// <summary>The LOOKUPs of its names since its last listing began. Requests at the same time may count as one.</summary>
    public int AskedNames;

    /// <summary>A long listing has gone to the kernel without attributes.</summary>
    public bool WasListedPlain;

    /// <summary>Forgets the facts that were read from the disk.</summary>
    public void Unlearn()
    {
        Volatile.Write(ref _impure, (byte)Known.NotYet);
        HasDefaultAcl = UpperMarks = Known.NotYet;
    }

    /// <summary>Notes the mark as read from the disk, unless another request has set it meanwhile.</summary>
    /// <returns>True if the directory is impure.</returns>
    public bool LearnImpure(bool impure)
    {
        byte found = (byte)(impure ? Known.Yes : Known.No);
        byte before = Interlocked.CompareExchange(ref _impure, found, (byte)Known.NotYet);
        return (before == (byte)Known.NotYet ? found : before) == (byte)Known.Yes;
    }

    /// <summary>Notes that the directory was marked.</summary>
    public void MarkImpure() => Volatile.Write(ref _impure, (byte)Known.Yes);

    /// <summary>Odd while the names change. A lookup that began with another version may have seen old names.</summary>
    public int Version => Volatile.Read(ref _version);

    /// <summary>Called before and after each change, under the lock of the names.</summary>
    public void StepVersion() => Interlocked.Increment(ref _version);
}
