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

/// <summary>
/// The answer of the file system to OPEN, OPENDIR, CREATE or TMPFILE. The kernel sends it with each operation on the open file.
/// </summary>
/// <param name="Value">Any value; the file system chooses it.</param>
public readonly record struct HandleId(ulong Value);

/// <summary>The calling process. Ids are those of the user namespace that the file system was mounted in.</summary>
/// <param name="Uid">
/// fsuid; <see cref="uint.MaxValue"/> if the kernel cannot tell (writeback, unmapped id), and with ALLOW_IDMAP in requests that create no
/// inode.
/// </param>
/// <param name="Gid">fsgid; as above.</param>
/// <param name="Pid">The thread id; 0 if it is outside of the pid namespace of the server, or if the kernel itself is the caller.</param>
public readonly record struct Caller(uint Uid, uint Gid, uint Pid);
