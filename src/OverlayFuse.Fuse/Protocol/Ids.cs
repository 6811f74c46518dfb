namespace OverlayFuse.Fuse.Protocol;

/// <summary>The number by which kernel and file system know one inode, valid while the kernel holds lookup references on it.</summary>
/// <param name="Value">Chosen by the file system; 0 is none.</param>
public readonly record struct NodeId(ulong Value)
{
    /// <summary>The root directory: known from the start, never forgotten.</summary>
    public static NodeId Root => new(1);

    /// <summary>No inode: a negative entry, or an entry without a lookup reference.</summary>
    public static NodeId None => default;

    /// <inheritdoc/>
    public override string ToString() => $"#{Value}";
}

/// <summary>What the file system answered to OPEN, OPENDIR, CREATE or TMPFILE; comes back with each operation on the open file.</summary>
/// <param name="Value">Chosen by the file system, any value.</param>
public readonly record struct HandleId(ulong Value);

/// <summary>Who asks. Ids are those of the user namespace that the file system was mounted in.</summary>
/// <param name="Uid">
/// fsuid; <see cref="uint.MaxValue"/> when the kernel cannot tell (writeback, unmapped id), and with ALLOW_IDMAP in what makes no inode.
/// </param>
/// <param name="Gid">fsgid; as above.</param>
/// <param name="Pid">Thread id, 0 when it is outside of the server's pid namespace or the kernel itself asks.</param>
public readonly record struct Caller(uint Uid, uint Gid, uint Pid);
