using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Operations;

/// <summary>LOOKUP and FORGET: one name through all layers (ovl_lookup).</summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>How often a lookup is done again because names changed beside it, before it takes their lock.</summary>
    private const int OptimisticLookups = 3;

    /// <summary>Room for most paths in a layer; a longer one takes more.</summary>
    private const int PathRoom = 512;

    /// <inheritdoc/>
    public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = default;
        if (_inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (name.Bytes.SequenceEqual("."u8) || name.Bytes.SequenceEqual(".."u8))
            return LookupSelf(parent, name.Length, out entry);
        if (!parent.IsDirectory)
            return Errno.ENOTDIR;
        Errno error = LookupEntry(parent, name, default, out entry, out _);
        if (error == Errno.ENOENT)
            (entry.EntryValid, entry.EntryValidNsec) = (NegativeValidity.Seconds, NegativeValidity.Nanoseconds); // of node 0: the kernel remembers that it is not there
        return error == Errno.ENOENT ? Errno.None : error;
    }

    /// <inheritdoc/>
    public void Forget(NodeId node, ulong lookups) => _inodes.Forget(node, lookups);

    /// <summary>"." and "..": how exportfs asks for an inode by its file handle (FUSE_EXPORT_SUPPORT).</summary>
    private Errno LookupSelf(Inode inode, int dots, out EntryOut entry)
    {
        entry = default;
        if (dots == 2)
            inode = inode.Place!.Parent;
        if (_files.Statx(inode, out Statx stat) is not Errno.None and var error)
            return error;
        if (inode.Unlinked && (!inode.HasUpper || LinksOf(inode, stat) == 0))
            return Errno.ESTALE; // the kernel only asks for what nobody has open
        _inodes.Acquire(inode);
        entry = ToEntry(inode, stat);
        return Errno.None;
    }

    /// <summary>Looks a name up and takes a reference to what is there.</summary>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="hint">Where a listing has met it.</param>
    /// <param name="entry">The answer.</param>
    /// <param name="inode">What was found.</param>
    /// <returns>ENOENT when nothing is there or it is hidden.</returns>
    private Errno LookupEntry(Inode parent, Name name, LayerHint hint, out EntryOut entry, out Inode inode)
    {
        entry = default;
        inode = parent;
        var found = new Resolved(stackalloc ushort[OverlayOptions.MostLowers]);
        for (int attempt = 0; ; attempt++)
        {
            bool locked = attempt == OptimisticLookups;
            if (locked)
                Monitor.Enter(parent.Directory!);
            try
            {
                int version = parent.Directory!.Version;
                if ((version & 1) != 0)
                    continue;
                found.IndexVersion = _inodes.IndexVersion;
                Errno error = Resolve(parent, name, hint.Slot(version), ref found);
                if (error != Errno.None)
                    return error;
                if (!found.Exists)
                    return Errno.ENOENT;
                if (found.HasUpper && found.IsMerged && found.Locations is null && WriteMissingOrigin(parent, name, found.Lowers[0]))
                    error = Resolve(parent, name, hint.Slot(version), ref found); // its ctime is another now
                if (error != Errno.None)
                    return error;
                if (!_inodes.TryAdmit(parent, version, name, found, out inode))
                    continue;
                if (found.IsMetacopy)
                    found.Stat.Blocks = _files.BlocksOfData(found.Data!, found.Stat);
                if (inode.Partial is not null && _files.Statx(inode, out found.Stat) is not Errno.None and var unseen)
                    return unseen;
                entry = ToEntry(inode, found.Stat);
                return Errno.None;
            }
            finally
            {
                if (locked)
                    Monitor.Exit(parent.Directory!);
            }
        }
    }

    /// <summary>Looks through the layers; takes no reference.</summary>
    internal Errno Resolve(Inode parent, Name name, int from, ref Resolved found)
    {
        found.Reset();
        return name.Length > NameMax ? Errno.ENAMETOOLONG : new LayerLookup(this, parent, name).Run(from, ref found);
    }

    /// <summary>The path from the root of a layer to a name in a directory, or what is one already.</summary>
    /// <param name="parent">The directory; the layer has it.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="name">A name, or a path with a leading '/'.</param>
    /// <returns>With a leading '/' and a NUL behind it.</returns>
    internal static byte[] PathInLayer(Inode parent, ushort layer, Name name)
    {
        if (name.StartsWith("/"u8))
            return name.ToArray();
        byte[] path = new byte[PathRoom];
        int start = path.Length;
        Put(name.WithNul, ref path, ref start);
        while (path[start] != (byte)'/')
        {
            Put("/"u8, ref path, ref start);
            Place place = parent.Place!; // before the location: a rename sets that first
            if (ReferenceEquals(place.Parent, parent))
                break;
            LowerParts parts = parent.Directory!.Parts;
            byte[]? location = parts.Locations?[Array.IndexOf(parts.Layers, layer)];
            Put(location is null ? place.Name.Bytes : new Name(location).Bytes, ref path, ref start);
            parent = place.Parent;
        }
        return path[start..];
    }

    /// <summary>Puts a part in front of a path that is written from its end, in twice the room if need be.</summary>
    private static void Put(ReadOnlySpan<byte> part, ref byte[] path, ref int start)
    {
        if (part.Length > start)
        {
            byte[] larger = new byte[2 * path.Length + part.Length];
            path.AsSpan(start).CopyTo(larger.AsSpan(larger.Length - (path.Length - start)));
            start += larger.Length - path.Length;
            path = larger;
        }
        start -= part.Length;
        part.CopyTo(path.AsSpan(start));
    }

    /// <summary>Made when a name was missed in a directory's topmost lower layer for the first time.</summary>
    internal LowerNames? LowerNamesOf(Inode directory, LowerParts parts)
    {
        if (parts.HasAskedNames || !_options.LayersAreOurs)
            return parts.Names;
        parts.HasAskedNames = true; // who comes meanwhile looks without
        return parts.Names = LowerNames.Of(this, directory, parts);
    }

    /// <summary>Whether upper entries of a directory may have an origin: only then it is worth asking each of them.</summary>
    internal bool IsImpure(Inode directory, Fd upper)
    {
        DirectoryNode node = directory.Directory!;
        if (node.IsImpure != Known.NotYet)
            return node.IsImpure == Known.Yes;
        Span<byte> value = stackalloc byte[8];
        Errno error = Sys.GetXattrAt(upper, Name.Empty, _xattrs.Impure, value, out int length);
        if (error is not (Errno.None or Errno.ENODATA or Errno.EOPNOTSUPP))
            return true; // asking each entry is slower, but right
        bool impure = error == Errno.None && length == 1 && value[0] == (byte)'y';
        return node.LearnImpure(impure);
    }

    /// <summary>Best effort: the inode number of a merged directory does not depend on it here.</summary>
    /// <returns>Whether the upper directory was changed.</returns>
    private bool WriteMissingOrigin(Inode parent, Name name, ushort layer)
    {
        if (_work is null || _directories.BorrowUpper(parent, out BorrowedFd upper) != Errno.None)
            return false;
        using (upper)
        {
            if (_directories.BorrowLayer(parent, layer, out BorrowedFd lower) != Errno.None)
                return false;
            using (lower)
            {
                if (!_origin.WriteMissing(upper, lower, name, _layers.Lowers[layer]))
                    return false;
                _ = MarkImpure(parent, upper); // see above
                return true;
            }
        }
    }

    private EntryOut ToEntry(Inode inode, in Statx stat) => new()
    {
        NodeId = inode.Id,
        Generation = inode.Generation,
        EntryValid = EntryValidity.Seconds,
        EntryValidNsec = EntryValidity.Nanoseconds,
        AttrValid = AttributeValidityOf(inode).Seconds,
        AttrValidNsec = AttributeValidityOf(inode).Nanoseconds,
        Attr = ToAttr(inode, stat),
    };
}

/// <summary>
/// In which slot a name is topmost, as long as its directory's version is still the one of the listing that met it: 0 the upper, then
/// one for each lower of the directory.
/// </summary>
internal readonly record struct LayerHint(int TopSlot, int Version)
{
    public int Slot(int version) => version == Version ? TopSlot : 0;
}
