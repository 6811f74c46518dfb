using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Links;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Inodes;

/// <summary>
/// All inodes that the kernel knows, by node number and by key. The key of a directory or a lower file is its place (parent and name: two
/// bind mounts of one directory stay two). The key of an upper file is its inode number in the upper layer, so that all hard links meet in
/// one inode. The lock is a leaf, never held over a system call.
/// </summary>
internal sealed partial class InodeTable
{
    private const int ChunkBits = 12;
    private const int ChunkMask = (1 << ChunkBits) - 1;

    private readonly Lock _lock = new();
    private readonly Stack<uint> _free = new();
    private Inode?[][] _chunks = [new Inode?[1 << ChunkBits]];
    // Slot 0 stays empty.
    private uint _nextSlot = (uint)NodeId.Root.Value;
    private uint _generation;
    private int _indexVersion;

    public InodeTable(DirectoryNode root, ulong upperIno)
    {
        Root = NewInode(FileType.Directory, root);
        Root.UpperIno = upperIno;
        Root.Place = Place.Of(Root, Name.Dot);
        Root.Lookups = 1;
        // The root has generation 0 (fuse_get_root_inode). The others start anywhere: a file handle of an earlier mount must not open
        // another file.
        _generation = (uint)Random.Shared.NextInt64(1, uint.MaxValue);
    }

    public Inode Root { get; }

    /// <summary>
    /// True if an inode with a name stays after the kernel forgets it, so that its file handle stays valid (nfs_export=on).
    /// </summary>
    public bool KeepsNamed { get; init; }

    /// <summary>
    /// Changes with each copy-up of a file with several names. A lookup of another of its names at the same time saw the lower file.
    /// </summary>
    public int IndexVersion => Volatile.Read(ref _indexVersion);

    /// <summary>The number of known inodes.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return (int)(_nextSlot - (uint)NodeId.Root.Value) - _free.Count;
        }
    }

    /// <summary>The inode of a node number; null if it was forgotten, and the caller answers ESTALE.</summary>
    public Inode? this[NodeId id]
    {
        get
        {
            Inode?[][] chunks = Volatile.Read(ref _chunks);
            ulong chunk = id.Value >> ChunkBits;
            return chunk < (ulong)chunks.Length ? Volatile.Read(ref chunks[chunk][id.Value & ChunkMask]) : null;
        }
    }

    /// <summary>Finds or makes the inode for the result of a lookup, and takes one reference.</summary>
    /// <param name="parent">The directory of the lookup.</param>
    /// <param name="version">The parent's version before the lookup.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="found">The result.</param>
    /// <param name="inode">The inode.</param>
    /// <returns>False if the parent's names changed meanwhile. The caller looks again.</returns>
    public bool TryAdmit(Inode parent, int version, Name name, in Resolved found, out Inode inode)
    {
        List<Inode>? freed = null;
        SafeFd? unpinned = null;
        // The versions are read after the layers. A lock keeps only later reads behind it, and arm64 would change the order of the others.
        Volatile.ReadBarrier();
        lock (_lock)
        {
            inode = Root;
            if (parent.Directory!.Version != version)
                return false;
            bool byUpper = found.HasUpper && !found.IsDirectory;
            bool byLower = !byUpper && !found.IsDirectory && found.IndexName is not null;
            if (byLower && found.IndexVersion != _indexVersion)
                return false;
            Inode? known = byUpper ? FindUpper(found.Stat.Ino) : byLower ? FindLower(found.Ino) : FindName(parent, name);
            if (known is not null && !found.IsStill(known))
            {
                // Another process has changed a layer: the kernel gets a new node.
                Unhash(known);
                Collect(known, ref freed);
                known = null;
            }
            inode = known ?? Make(parent, name, found, byUpper);
            if (known is not null && (byUpper || byLower))
            {
                AddPlace(known, parent, name, ref freed);
                // The inode has a name now.
                unpinned = known.Pinned;
                known.Pinned = null;
            }
            inode.Lookups++;
        }
        unpinned?.Release();
        Close(freed);
        return true;
    }

    /// <summary>Finds the st_ino of a known upper file.</summary>
    /// <param name="upperIno">Its inode number in the upper.</param>
    /// <param name="ino">The st_ino.</param>
    /// <param name="wasRead">Its <see cref="Inode.WasRead"/>.</param>
    public bool TryGetInoOfUpper(ulong upperIno, out ulong ino, out bool wasRead)
    {
        (ino, wasRead) = (0, false);
        if (upperIno == 0)
            return false;
        lock (_lock)
        {
            if (FindUpper(upperIno) is not { } known)
                return false;
            (ino, wasRead) = (known.Ino, known.WasRead);
            return ino != 0;
        }
    }

    /// <summary>
    /// The inode of a known upper file; null if it is unknown. It has no new reference, so the caller holds the lock of its names.
    /// </summary>
    public Inode? OfUpperFile(ulong upperIno)
    {
        lock (_lock)
            return FindUpper(upperIno);
    }

    /// <summary>
    /// As <see cref="OfUpperFile"/>, with a reference that the caller gives back by <see cref="Forget"/>: a FORGET that comes meanwhile
    /// does not free the inode.
    /// </summary>
    public Inode? AcquireUpperFile(ulong upperIno)
    {
        lock (_lock)
            return Acquired(FindUpper(upperIno));
    }

    /// <summary>As <see cref="OfName"/>, with a reference that the caller gives back by <see cref="Forget"/>.</summary>
    public Inode? AcquireName(Inode parent, Name name)
    {
        lock (_lock)
            return Acquired(FindName(parent, name));
    }

    private static Inode? Acquired(Inode? inode)
    {
        if (inode is not null)
            inode.Lookups++;
        return inode;
    }

    /// <summary>The known directory or lower file with this name, as <see cref="OfUpperFile"/>.</summary>
    public Inode? OfName(Inode parent, Name name)
    {
        lock (_lock)
            return FindName(parent, name);
    }

    /// <summary>Makes the inode of an upper file without a name (O_TMPFILE), with one reference.</summary>
    public Inode AddUnnamed(in Statx stat, ulong ino, SafeFd pinned)
    {
        lock (_lock)
        {
            Inode inode = NewInode(stat.Type, null);
            inode.UpperIno = stat.Ino;
            inode.Ino = ino;
            inode.Unlinked = true;
            inode.Pinned = pinned;
            inode.Lookups = 1;
            return inode;
        }
    }

    /// <summary>All known inodes. They have no new references, so the kernel may forget any of them meanwhile.</summary>
    public List<Inode> Snapshot()
    {
        lock (_lock)
            return [.. _chunks.SelectMany(chunk => chunk).OfType<Inode>()];
    }

    /// <summary>Makes the next lookup make a new inode, because another file has the names of this one.</summary>
    public void Detach(Inode inode)
    {
        List<Inode>? freed = null;
        lock (_lock)
        {
            Unhash(inode);
            Collect(inode, ref freed);
        }
        Close(freed);
    }

    /// <summary>As <see cref="Detach"/>, for good: no change of names brings the inode back.</summary>
    public void LeaveBehind(Inode inode)
    {
        lock (_lock)
        {
            Unhash(inode);
            inode.IsLeftBehind = true;
        }
    }

    /// <summary>Takes one more reference.</summary>
    public void Acquire(Inode inode)
    {
        lock (_lock)
            inode.Lookups++;
    }

    /// <summary>Gives references back. The last one frees the inode, and each parent that waited for its children.</summary>
    public void Forget(NodeId id, ulong lookups)
    {
        List<Inode>? freed = null;
        lock (_lock)
        {
            if (this[id] is not { } inode || ReferenceEquals(inode, Root))
                return;
            inode.Lookups = Math.Max(0, inode.Lookups - (long)lookups);
            Collect(inode, ref freed);
        }
        Close(freed);
    }

    /// <summary>Closes the descriptors of all inodes at the end of the mount.</summary>
    public void Clear()
    {
        foreach (Inode?[] chunk in _chunks)
        {
            foreach (Inode? inode in chunk)
            {
                if (inode is not null && !ReferenceEquals(inode, Root))
                    Close([inode]);
            }
        }
    }

    /// <summary>A copy-up is in place: the key of the inode is its upper inode from now on. Under the lock of the parent's names.</summary>
    public void SetUpper(Inode inode, ulong upperIno)
    {
        lock (_lock)
        {
            bool hashed = inode.Hashed;
            Unhash(inode);
            inode.UpperIno = upperIno;
            if (inode.Index is not null)
                Volatile.Write(ref _indexVersion, _indexVersion + 1);
            if (hashed)
                Insert(inode);
        }
    }

    /// <summary>Adds a name, by link(2). Under the lock of the names.</summary>
    public void Link(Inode inode, Inode parent, Name name)
    {
        List<Inode>? freed = null;
        lock (_lock)
        {
            AddPlace(inode, parent, name, ref freed);
            Insert(inode);
            inode.Lookups++;
        }
        Close(freed);
    }

    /// <summary>Removes a name. Under the lock of the names.</summary>
    /// <param name="inode">The inode.</param>
    /// <param name="parent">The directory of the name.</param>
    /// <param name="name">The name.</param>
    /// <param name="links">The number of names before, as the disk counts them.</param>
    /// <returns>True if another name is known. If not, the inode is <see cref="Inode.Unlinked"/>.</returns>
    public bool Unlink(Inode inode, Inode parent, Name name, uint links)
    {
        lock (_lock)
        {
            inode.HasUnseenNames = links > 1;
            return RemovePlace(inode, parent, name);
        }
    }

    /// <summary>Replaces a name by another. Under the locks of both names.</summary>
    public void Move(Inode inode, Inode oldParent, Name oldName, Inode newParent, Name newName)
    {
        lock (_lock)
        {
            Unhash(inode);
            PutFirst(inode, newParent, newName);
            // The answer is true: the new name is left.
            _ = RemovePlace(inode, oldParent, oldName);
            Insert(inode);
        }
    }

    /// <summary>Exchanges two names. Under the locks of both.</summary>
    public void Exchange(in Renaming names)
    {
        lock (_lock)
        {
            Unhash(names.Source);
            Unhash(names.Target!);
            PutFirst(names.Source, names.NewParent, names.NewName);
            PutFirst(names.Target!, names.OldParent, names.OldName);
            // The answers are true: the new names are left.
            _ = RemovePlace(names.Source, names.OldParent, names.OldName);
            _ = RemovePlace(names.Target!, names.NewParent, names.NewName);
            Insert(names.Source);
            Insert(names.Target!);
        }
    }

    private Inode Make(Inode parent, Name name, in Resolved found, bool byUpper)
    {
        DirectoryNode? directory = found.IsDirectory ? new DirectoryNode(found.ToParts()) { Redirect = found.Redirect } : null;
        Inode inode = NewInode(found.Stat.Type, directory, found.Stat.Size >= Limits.LargeLowerFile);
        inode.Data = found.Data;
        inode.UpperIno = found.HasUpper ? found.Stat.Ino : 0;
        inode.LowerLayer = found.IsDirectory || found.HasUpper ? Limits.NoLayer : found.Lowers[0];
        inode.Ino = found.Ino;
        if (!found.HasUpper && (found.Stat.Attributes & (StatxAttributes.Append | StatxAttributes.Immutable)) == 0)
            inode.Protection = Protection.None;
        inode.HasOrigin = found.HasOrigin;
        inode.Index = found.IndexName is null ? null : new IndexEntry(found.IndexName) { Delta = found.LinkDelta };
        PutFirst(inode, parent, name);
        Insert(inode);
        return inode;
    }

    private Inode NewInode(FileType type, DirectoryNode? directory, bool isLarge = false)
    {
        if (!_free.TryPop(out uint slot))
            slot = _nextSlot++;
        if (slot >> ChunkBits == _chunks.Length)
            Volatile.Write(ref _chunks, [.. _chunks, new Inode?[1 << ChunkBits]]);
        var inode = new Inode(slot, _generation++, type) { Directory = directory, IsLarge = isLarge };
        Volatile.Write(ref _chunks[slot >> ChunkBits][slot & ChunkMask], inode);
        return inode;
    }

    private bool IsKept(Inode inode) =>
        ReferenceEquals(inode, Root) || (KeepsNamed && inode.Hashed && (!inode.Unlinked || inode.HasUnseenNames));

    private void Collect(Inode inode, ref List<Inode>? freed)
    {
        Inode? next = inode;
        while (next is { Lookups: 0, Directory: null or { Children: 0 } } && !IsKept(next))
        {
            Inode free = next;
            next = null;
            Unhash(free);
            if (free.Place is { } place)
            {
                next = place.Parent;
                next.Directory!.Children--;
            }
            for (int index = 0; index < free.OtherPlaces?.Count; index++)
            {
                Inode other = free.OtherPlaces[index].Parent;
                other.Directory!.Children--;
                if (!ReferenceEquals(next, other))
                    Collect(other, ref freed);
            }
            _chunks[free.Slot >> ChunkBits][free.Slot & ChunkMask] = null;
            _free.Push(free.Slot);
            (freed ??= []).Add(free);
        }
    }

    private Inode? InSlot(uint slot) => _chunks[slot >> ChunkBits][slot & ChunkMask];

    private static void Close(List<Inode>? freed)
    {
        if (freed is null)
            return;
        foreach (Inode inode in freed)
        {
            inode.Pinned?.Release();
            inode.Pinned = null;
            inode.Open?.Close();
            inode.Directory?.Parts.Drop();
        }
    }
}
