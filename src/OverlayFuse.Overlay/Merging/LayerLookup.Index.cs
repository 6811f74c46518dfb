using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Links;

namespace OverlayFuse.Overlay.Merging;

/// <summary>What the index says of a name that was found (ovl_lookup_index, ovl_verify_lower).</summary>
internal ref partial struct LayerLookup
{
    private readonly Errno TakeUpperIndex(Fd directory, ref Resolved found)
    {
        if (_fileSystem.Index is not { } index)
            return Errno.None;
        Errno error = index.FindUpper(directory, _name, found.Stat, out byte[]? entry, out int delta);
        found.IndexName = entry;
        found.LinkDelta = delta;
        return error;
    }

    /// <summary>With nfs_export=on an upper directory merges with no other lower one than it was copied from (ovl_verify_lower).</summary>
    private readonly Errno TakeDirectoryIndex(Fd directory, scoped Name name, ref Resolved found, out bool merges)
    {
        merges = true;
        if (LinkIndex.NameOf(_fileSystem.Layers.Lowers[_layer], directory, name) is not { } entry)
            return Errno.None;
        found.IndexName = entry;
        if (!found.HasUpper)
            return Errno.None;
        if (_fileSystem.Directories.BorrowUpper(_parent, out BorrowedFd upper) is not Errno.None and var error)
            return error;
        using (upper)
            error = _fileSystem.Index!.IsOrigin(upper, _name, new Name(entry), out merges);
        if (!merges)
            found.IndexName = null;
        return error;
    }

    /// <summary>A lower file with several links may have been copied up by another of its names (ovl_lookup_index).</summary>
    private Errno LookInIndex(Fd directory, scoped Name name, in Statx lower, ref Resolved found)
    {
        if (LinkIndex.NameOf(_fileSystem.Layers.Lowers[_layer], directory, name) is not { } entry)
            return Errno.None;
        found.IndexName = entry;
        var indexed = new Name(entry);
        Errno error = _fileSystem.Index!.Find(indexed, lower.Nlink, out Statx stat, out int delta);
        if (error != Errno.None)
            return error == Errno.ENOENT ? Errno.None : error;
        found.HasUpper = found.HasOrigin = true;
        found.Stat = stat;
        found.LinkDelta = delta;
        bool metacopy = false;
        if (stat.Type == FileType.Regular)
            error = _fileSystem.Metacopy.IsMarked(_fileSystem.Index.Directory.Fd, indexed, out metacopy);
        found.IsMetacopy = metacopy || _isMetacopy;
        return error;
    }
}
