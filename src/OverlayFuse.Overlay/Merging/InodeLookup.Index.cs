using OverlayFuse.Linux;
using OverlayFuse.Overlay.Links;

namespace OverlayFuse.Overlay.Merging;

/// <summary>Asks the index of hard links about the files found (ovl_lookup_index, ovl_verify_lower).</summary>
internal ref partial struct InodeLookup
{
    private Errno TakeUpperIndex(Fd directory)
    {
        if (_view.Index is not { } index)
            return Errno.None;
        Errno error = index.FindUpper(directory, _name, Found.Stat, out byte[]? entry, out int delta);
        Found.IndexName = entry;
        Found.LinkDelta = delta;
        return error;
    }

    /// <summary>
    /// With nfs_export=on an upper directory merges only with the lower directory that it was copied from (ovl_verify_lower).
    /// </summary>
    private Errno TakeDirectoryIndex(scoped LayerEntry file, out bool merges)
    {
        merges = true;
        if (LinkIndex.NameOf(_view.Layers.Lowers[file.Layer], file.Directory, file.Name) is not { } entry)
            return Errno.None;
        Found.IndexName = entry;
        if (!Found.HasUpper)
            return Errno.None;
        Errno error;
        if ((error = _view.Directories.BorrowUpper(_parent, out BorrowedFd upper)) != Errno.None)
            return error;
        using (upper)
            error = _view.Index!.IsOrigin(upper, _name, new Name(entry), out merges);
        if (!merges)
            Found.IndexName = null;
        return error;
    }

    /// <summary>A lower file with several links may have been copied up under another of its names (ovl_lookup_index).</summary>
    private Errno LookInIndex(scoped LayerEntry file, in Statx stat, bool isMetacopy)
    {
        if (LinkIndex.NameOf(_view.Layers.Lowers[file.Layer], file.Directory, file.Name) is not { } entry)
            return Errno.None;
        Found.IndexName = entry;
        var indexed = new Name(entry);
        Errno error = _view.Index!.Find(indexed, stat.Nlink, out Statx copy, out int delta);
        if (error != Errno.None)
            return error == Errno.ENOENT ? Errno.None : error;
        Found.HasUpper = Found.HasOrigin = true;
        Found.Stat = copy;
        Found.LinkDelta = delta;
        bool metacopy = false;
        if (copy.Type == FileType.Regular)
            error = _view.Metacopy.IsMarked(_view.Index.Directory.Fd, indexed, out metacopy);
        Found.IsMetacopy = metacopy || isMetacopy;
        return error;
    }
}
