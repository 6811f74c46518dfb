using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>LOOKUP and FORGET: one name through all layers (ovl_lookup).</summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>How often a lookup is done again because names changed beside it, before it takes their lock.</summary>
    private const int OptimisticLookups = 3;

    /// <inheritdoc/>
    public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = default;
        if (_inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (name.Bytes.SequenceEqual("."u8) || name.Bytes.SequenceEqual(".."u8))
            return LookupSelf(parent, name.Length, out entry);
        Errno error = LookupEntry(parent, name, default, out entry, out _);
        if (error == Errno.ENOENT)
            entry.EntryValid = TimeoutSeconds; // node 0 with a timeout: the kernel remembers that it is not there
        return error == Errno.ENOENT ? Errno.None : error;
    }

    /// <inheritdoc/>
    public void Forget(NodeId node, ulong lookups) => _inodes.Forget(node, lookups);

    private ulong TimeoutSeconds => (ulong)_options.CacheTimeout.TotalSeconds;

    /// <summary>"." and "..": how exportfs asks for an inode by its file handle (FUSE_EXPORT_SUPPORT).</summary>
    private Errno LookupSelf(Inode inode, int dots, out EntryOut entry)
    {
        entry = default;
        if (dots == 2)
            inode = inode.Place!.Parent;
        if (_files.Statx(inode, out Statx stat) is not Errno.None and var error)
            return error;
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
        var found = new Resolved(stackalloc ushort[_layers.Lowers.Count]);
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
                Errno error = Resolve(parent, name, hint.Slot(version), ref found);
                if (error != Errno.None)
                    return error;
                if (!found.Exists)
                    return Errno.ENOENT;
                if (found.HasUpper && found.IsMerged && WriteMissingOrigin(parent, name, found.Lowers[0]))
                    error = Resolve(parent, name, hint.Slot(version), ref found); // its ctime is another now
                if (error != Errno.None)
                    return error;
                if (!_inodes.TryAdmit(parent, version, name, found, out inode))
                    continue;
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
        if (name.Length > NameMax)
            return Errno.ENAMETOOLONG;
        if (parent.HasUpper && from == 0)
        {
            if (ResolveUpper(parent, name, ref found, out bool stop) is not Errno.None and var error)
                return error;
            if (stop)
                return Errno.None;
        }
        return ResolveLowers(parent, name, Math.Max(0, from - 1), ref found);
    }

    private Errno ResolveUpper(Inode parent, Name name, ref Resolved found, out bool stop)
    {
        stop = false;
        if (_directories.BorrowUpper(parent, out BorrowedFd directory) is not Errno.None and var error)
            return error;
        using (directory)
        {
            Statx stat = default;
            error = IsAufsMark(name) ? Errno.ENOENT : Sys.StatxAt(directory, name, out stat);
            if (error == Errno.ENOENT)
                return HidesInUpper(parent, directory, name, out stop);
            stop = true;
            if (error != Errno.None || stat.IsWhiteout)
                return error;
            found.Exists = true;
            found.HasUpper = true;
            _ = _overrides?.Apply(Inode.NoLayer, directory, name, ref stat);
            found.Stat = stat;
            found.Ino = _inos.Map(stat.Dev, stat.Ino);
            if (stat.IsDirectory)
                return IsOpaqueInUpper(parent, directory, name, out stop);
            return IsImpure(parent, directory) ? _origin.Read(directory, name, ref found) : Errno.None;
        }
    }

    private Errno ResolveLowers(Inode parent, Name name, int from, ref Resolved found)
    {
        ushort[] lowers = parent.Directory!.Lowers;
        if (AufsWhiteout.IsMark(name))
            return Errno.None;
        for (int index = from; index < lowers.Length; index++)
        {
            if (_directories.BorrowLower(parent, index, out BorrowedFd directory) is not Errno.None and var error)
                return error;
            using (directory)
            {
                if (ResolveLower(parent, index, directory, name, ref found) is not Errno.None and var failed)
                    return failed;
                if (found.IsComplete)
                    break;
            }
        }
        return Errno.None;
    }

    private Errno ResolveLower(Inode parent, int index, Fd directory, Name name, ref Resolved found)
    {
        ushort[] lowers = parent.Directory!.Lowers;
        bool last = index == lowers.Length - 1;
        Errno error = Sys.StatxAt(directory, name, out Statx stat);
        if (error is not (Errno.None or Errno.ENOENT or Errno.ENAMETOOLONG))
            return error;
        bool hidden = false;
        if (error == Errno.None)
        {
            found.IsComplete = !stat.IsDirectory; // a whiteout, or a file: nothing below it is seen
            if (stat.IsWhiteout || (found.IsComplete && found.Exists))
                return Errno.None;
            _ = _overrides?.Apply(lowers[index], directory, name, ref stat);
            TakeLower(ref found, lowers[index], stat);
            if (found.IsComplete || last)
                return Errno.None;
            error = HidesBelow(directory, name, out hidden);
        }
        else if (!last)
        {
            error = Errno.None;
        }
        if (last)
            return Errno.None;
        if (error == Errno.None && !hidden)
            error = AufsWhiteout.Hides(directory, ref parent.Directory.HasAufsWhiteouts[index], name, out hidden);
        found.IsComplete = hidden;
        return error;
    }

    private void TakeLower(ref Resolved found, ushort layer, in Statx stat)
    {
        if (!found.Exists)
            found.Stat = stat;
        if (found.Lowers.IsEmpty) // also a merged directory shows its topmost lower's number, as before its copy-up
            found.Ino = _inos.Map(stat.Dev, stat.Ino);
        found.Exists = true;
        found.AddLower(layer);
    }

    private Errno HidesBelow(Fd parent, Name name, out bool opaque)
    {
        Errno error = Opaque.IsMarked(_xattrs, parent, name, out opaque);
        if (error != Errno.None || opaque)
            return error;
        if (Sys.OpenAt(parent, name, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out Fd opened) is not Errno.None and var failed)
            return failed;
        using var directory = new ScopedFd(opened);
        return Opaque.IsMarkedByAufs(directory, out opaque);
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
        EntryValid = TimeoutSeconds,
        AttrValid = TimeoutSeconds,
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
