using OverlayFuse.Fuse;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Operations;

/// <summary>LOOKUP and FORGET: one name through all layers (ovl_lookup).</summary>
public sealed partial class OverlayFileSystem
{
    /// <summary>Attempts of a lookup without the lock. Names that change meanwhile make an attempt fail.</summary>
    private const int OptimisticLookups = 3;

    /// <inheritdoc/>
    public Errno Lookup(in FuseRequest request, Name name, out EntryOut entry)
    {
        entry = default;
        if (_view.Inodes[request.Node] is not { } parent)
            return Errno.ESTALE;
        if (name.Bytes.SequenceEqual("."u8) || name.Bytes.SequenceEqual(".."u8))
            return LookupSelf(parent, name.Length, out entry);
        if (!parent.IsDirectory)
            return Errno.ENOTDIR;
        parent.Directory!.AskedNames++;
        Errno error = LookupEntry(parent, name, default, out entry, out _);
        // Node 0 with a validity: the kernel remembers that the name does not exist.
        if (error == Errno.ENOENT)
            (entry.EntryValid, entry.EntryValidNsec) = (_caching.MissingEntries.Seconds, _caching.MissingEntries.Nanoseconds);
        return error == Errno.ENOENT ? Errno.None : error;
    }

    /// <inheritdoc/>
    public void Forget(NodeId node, ulong lookups) => _view.Inodes.Forget(node, lookups);

    /// <summary>Answers "." and "..": exportfs asks so for the inode of a file handle (FUSE_EXPORT_SUPPORT).</summary>
    private Errno LookupSelf(Inode inode, int dots, out EntryOut entry)
    {
        entry = default;
        if (dots == 2)
            inode = inode.Place!.Parent;
        Errno error = _view.Files.Statx(inode, out Statx stat);
        if (error != Errno.None)
            return error;
        // The kernel asks only for inodes that no process has open.
        if (inode.Unlinked && (!inode.HasUpper || Replies.LinksOf(inode, stat) == 0))
            return Errno.ESTALE;
        _view.Inodes.Acquire(inode);
        entry = _replies.ToEntry(inode, stat);
        return Errno.None;
    }

    /// <summary>Looks a name up and takes a reference to its inode.</summary>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name.</param>
    /// <param name="hint">The layer in which a listing has met the name.</param>
    /// <param name="entry">The answer.</param>
    /// <param name="inode">The inode with this name.</param>
    /// <returns>ENOENT if no layer has the name, or a whiteout hides it.</returns>
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
                found.IndexVersion = _view.Inodes.IndexVersion;
                Errno error = LayerLookup.Resolve(_view, parent, name, ref found, hint.Slot(version));
                if (error != Errno.None)
                    return error;
                if (!found.Exists)
                    return Errno.ENOENT;
                // Writing the origin changes its ctime.
                if (found.HasUpper && found.IsMerged && found.Locations is null && WriteMissingOrigin(parent, name, found.Lowers[0]))
                    error = LayerLookup.Resolve(_view, parent, name, ref found, hint.Slot(version));
                if (error != Errno.None)
                    return error;
                if (!_view.Inodes.TryAdmit(parent, version, name, found, out inode))
                    continue;
                if (found.IsMetacopy)
                    found.Stat.Blocks = _view.Files.BlocksOfData(found.Data!, found.Stat);
                if (inode.Partial is not null && (error = _view.Files.Statx(inode, out found.Stat)) != Errno.None)
                    return error;
                inode.WasRead = false;
                entry = _replies.ToEntry(inode, found.Stat);
                return Errno.None;
            }
            finally
            {
                if (locked)
                    Monitor.Exit(parent.Directory!);
            }
        }
    }

    /// <summary>Writes the origin of a merged directory if it has none. Best effort: our inode numbers do not depend on it.</summary>
    /// <returns>True if the upper directory was changed.</returns>
    private bool WriteMissingOrigin(Inode parent, Name name, ushort layer)
    {
        if (_view.Work is null || _view.Directories.BorrowUpper(parent, out BorrowedFd upper) != Errno.None)
            return false;
        using (upper)
        {
            if (_view.Directories.BorrowLayer(parent, layer, out BorrowedFd lower) != Errno.None)
                return false;
            using (lower)
            {
                if (!_view.Origin.WriteMissing(upper, lower, name, _view.Layers.Lowers[layer]))
                    return false;
                // Best effort, as above.
                _ = _view.Impure.Set(parent, upper);
                return true;
            }
        }
    }
}

/// <summary>
/// The topmost slot of a name, as a listing has met it: 0 is the upper, and each lower of the directory has one more. It holds as long as
/// the version of the directory is that of the listing.
/// </summary>
internal readonly record struct LayerHint(int TopSlot, int Version)
{
    public int Slot(int version) => version == Version ? TopSlot : 0;
}
