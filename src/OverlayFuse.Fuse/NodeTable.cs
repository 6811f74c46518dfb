using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using OverlayFuse.Fuse.Protocol;

namespace OverlayFuse.Fuse;

/// <summary>
/// The inodes that the kernel can name: an object for each <see cref="NodeId"/>, and the lookup references that the kernel holds on it.
/// The file system decides how long an inode stays: as a rule, as long as it has a name or a reference. No number comes back for another
/// inode. Any thread.
/// </summary>
/// <typeparam name="TNode">The file system's own class of an inode.</typeparam>
public sealed class NodeTable<TNode> where TNode : class
{
    private readonly ConcurrentDictionary<NodeId, Entry> _entries = [];
    private ulong _lastNumber = NodeId.Root.Value;

    /// <summary>Makes a table that holds the root.</summary>
    /// <param name="root">The inode of <see cref="NodeId.Root"/>.</param>
    public NodeTable(TNode root) => _entries[NodeId.Root] = new Entry(root);

    /// <summary>The number of inodes, the root included.</summary>
    public int Count => _entries.Count;

    /// <summary>Adds an inode without references, under a new number.</summary>
    /// <param name="node">The inode.</param>
    public NodeId Add(TNode node)
    {
        var id = new NodeId(Interlocked.Increment(ref _lastNumber));
        _entries[id] = new Entry(node);
        return id;
    }

    /// <summary>Finds the inode of a request.</summary>
    /// <param name="id">The number.</param>
    /// <param name="node">The inode.</param>
    /// <returns>False if it is not in the table: answer ESTALE.</returns>
    public bool TryGet(NodeId id, [NotNullWhen(true)] out TNode? node)
    {
        node = _entries.TryGetValue(id, out Entry? entry) ? entry.Node : null;
        return node is not null;
    }

    /// <summary>Counts one reference. Call it for each <see cref="EntryOut"/> that an operation answers.</summary>
    /// <param name="id">The number of an inode in the table.</param>
    public void Refer(NodeId id)
    {
        if (_entries.TryGetValue(id, out Entry? entry))
            _ = Interlocked.Increment(ref entry.References);
    }

    /// <summary>FORGET: gives references back.</summary>
    /// <param name="id">The number.</param>
    /// <param name="lookups">How many.</param>
    /// <returns>True if the kernel holds no more: an inode without a name can be removed.</returns>
    public bool Forget(NodeId id, ulong lookups) =>
        _entries.TryGetValue(id, out Entry? entry) && Interlocked.Add(ref entry.References, -(long)lookups) <= 0;

    /// <summary>True if the kernel holds a reference.</summary>
    /// <param name="id">The number.</param>
    public bool IsReferred(NodeId id) => _entries.TryGetValue(id, out Entry? entry) && Interlocked.Read(ref entry.References) > 0;

    /// <summary>Removes an inode that has no name and no reference.</summary>
    /// <param name="id">The number.</param>
    public void Remove(NodeId id) => _ = _entries.TryRemove(id, out _);

    private sealed class Entry(TNode node)
    {
        internal readonly TNode Node = node;
        internal long References;
    }
}
