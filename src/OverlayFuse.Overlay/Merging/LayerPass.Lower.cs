using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Merging;

/// <summary>The walk within one lower layer (ovl_lookup_layer).</summary>
internal ref partial struct LayerPass<TTarget>
{
    private Errno LookInLayer(Fd directory, ref Known marks)
    {
        byte[]? location = _redirect;
        if (location is null)
            return Look(directory, ref marks, new PathElement(_name));
        if (location[0] != (byte)'/')
            return Look(directory, ref marks, new PathElement(new Name(location)) { Path = location });
        Known known = marks;
        var walk = new LayerWalk(directory, location, stackalloc byte[Limits.NameMax + 1]);
        try
        {
            Errno error;
            while (!walk.IsTooLong)
            {
                var element = new PathElement(walk.Name) { Path = location, Offset = walk.Offset, IsInner = !walk.IsLast };
                if ((error = Look(walk.Directory, ref known, element)) != Errno.None || !element.IsInner)
                    return error;
                known = Known.NotYet;
                if ((error = walk.Enter()) != Errno.None)
                    // The path leads to nothing in this layer.
                    return error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? Errno.None : error;
            }
            return Errno.None;
        }
        finally
        {
            walk.Dispose();
        }
    }

    /// <summary>Looks at one name in one directory of one layer (ovl_lookup_single).</summary>
    private Errno Look(Fd directory, scoped ref Known marks, scoped PathElement element)
    {
        if (element.LeadsElsewhere)
            return Refuse(Errno.EACCES);
        var file = new LayerEntry(directory, element.Name, _layer) { Location = element.Path };
        Errno error;
        if ((error = _reader.Look(file, out Statx stat, out LayerSight sight)) != Errno.None)
            return RefuseFile(error, sight == LayerSight.NestedView, file, stat);
        if (sight == LayerSight.Whiteout)
            return Stop(_layer, LayerStop.Whiteout);
        if (sight == LayerSight.File && (error = LookAt(file, stat, element)) != Errno.None)
            return error;
        if (_stop || _isBottom)
            return Errno.None;
        if (marks == Known.NotYet && _redirect is null)
            Target.LearnMarks();
        error = _reader.Hides(file, ref marks, out bool hidden);
        return hidden ? Stop(_layer, LayerStop.AufsMark) : error;
    }

    private Errno LookAt(scoped LayerEntry file, in Statx stat, scoped PathElement element) =>
        stat.IsDirectory ? LookAtDirectory(file, stat, element) : LookAtFile(file, stat, element);

    private Errno LookAtDirectory(scoped LayerEntry file, in Statx stat, scoped PathElement element)
    {
        if (!element.IsInner)
        {
            bool merges = false;
            Errno error;
            // A directory below a file has no part in the file.
            bool isBelowFile = _isMetacopy || (Target.HasFound && !_isDirectory);
            if (!isBelowFile && (error = Target.TakeDirectory(file, stat, out merges)) != Errno.None)
                return error;
            if (!merges)
                return Stop(_layer, LayerStop.OtherType);
            _isDirectory = true;
        }
        return _isLast ? Errno.None : LookBelow(file, element);
    }

    /// <summary>Reads which part of the layers below a directory hides, and under which name the walk goes on there.</summary>
    private Errno LookBelow(scoped LayerEntry file, scoped PathElement element)
    {
        Errno error;
        Known unused = Known.NotYet;
        bool isBottom = _isBottom && !element.IsInner;
        if ((error = _reader.ReadOpaque(file, ref unused, isBottom, out OpaqueMark mark)) != Errno.None)
            return error;
        if (mark == OpaqueMark.HasXattrWhiteouts && !element.IsInner)
            Target.NoteXattrWhiteouts(_layer);
        if (mark is OpaqueMark.Opaque or OpaqueMark.OpaqueByAufs)
            _ = Stop(_layer, mark == OpaqueMark.Opaque ? LayerStop.Opaque : LayerStop.AufsOpaque);
        return mark == OpaqueMark.Opaque ? Errno.None : TakeRedirect(file, element);
    }

    private Errno LookAtFile(scoped LayerEntry file, in Statx stat, scoped PathElement element)
    {
        if (element.IsInner || _isDirectory || (_isMetacopy && stat.Type != FileType.Regular))
            return Stop(_layer, LayerStop.OtherType);
        Errno error;
        if ((error = _reader.IsMetacopy(file, stat, out bool metacopy)) != Errno.None)
            return RefuseFile(error, error == Errno.EIO, file, stat);
        _stop = false;
        if (!metacopy)
            _ = Stop(_layer, LayerStop.File);
        _isMetacopy = metacopy;
        Target.IsMetacopy |= metacopy;
        if ((error = Target.TakeFile(file, stat, metacopy)) != Errno.None)
            return error;
        return metacopy && !_isLast ? TakeRedirect(file, element) : Errno.None;
    }

    /// <summary>Reads under which other name or path the walk goes on below.</summary>
    private Errno TakeRedirect(scoped LayerEntry file, scoped PathElement element)
    {
        Errno error;
        if ((error = _reader.ReadRedirect(file, out byte[]? redirect)) != Errno.None)
            return error is Errno.EINVAL or Errno.EACCES ? Refuse(error) : error;
        _isAbsolute = redirect is [(byte)'/', ..];
        if (redirect is null)
            return Errno.None;
        Target.TakeRedirect(redirect);
        // An opaque directory on the way hides nothing of what a path from the root names.
        if (_isAbsolute)
            _stop = false;
        _redirect = element.Follow(redirect);
        return Errno.None;
    }
}
