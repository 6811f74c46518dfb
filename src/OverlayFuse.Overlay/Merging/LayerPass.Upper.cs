using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;

namespace OverlayFuse.Overlay.Merging;

/// <summary>The walk in the upper layer.</summary>
internal ref partial struct LayerPass<TTarget>
{
    private Errno LookInUpper()
    {
        Errno error;
        if ((error = Target.BorrowUpper(out BorrowedFd directory)) != Errno.None)
            return error;
        using (directory)
        {
            var file = new LayerEntry(directory, _name, Limits.NoLayer);
            if ((error = _reader.Look(file, out Statx stat, out LayerSight sight)) != Errno.None)
                return error;
            if (sight == LayerSight.Nothing)
            {
                error = _reader.Hides(file, ref Target.UpperMarks, out bool hidden);
                return hidden ? Stop(Limits.NoLayer, LayerStop.AufsMark) : error;
            }
            if (sight == LayerSight.Whiteout)
                return Stop(Limits.NoLayer, LayerStop.Whiteout);
            _isLast = !_reader.ReadsRedirects && !Target.HasLowers;
            if ((error = Target.TakeUpper(file, stat)) != Errno.None)
                return error;
            return stat.IsDirectory ? LookAtUpperDirectory(file) : LookAtUpperFile(file, stat);
        }
    }

    private Errno LookAtUpperDirectory(scoped LayerEntry file)
    {
        _isDirectory = true;
        Errno error = ReadUpperDirectory(file);
        return error == Errno.EACCES && _reader.MayWidenModes && Sys.EffectiveUid != 0 ? ReadUnreadable(file) : error;
    }

    private Errno ReadUpperDirectory(scoped LayerEntry file)
    {
        Errno error;
        if ((error = _reader.ReadOpaque(file, ref Target.UpperMarks, isBottom: false, out OpaqueMark mark)) != Errno.None)
            return error;
        if (mark == OpaqueMark.Opaque)
            return Stop(Limits.NoLayer, LayerStop.Opaque);
        return _isLast ? Errno.None : TakeRedirect(file, new PathElement(file.Name));
    }

    /// <summary>The mode of an ordinary user's own directory forbids to read it. Its marks still count.</summary>
    private Errno ReadUnreadable(scoped LayerEntry file)
    {
        Errno error;
        const OpenFlags flags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;
        if ((error = Sys.OpenAt(file.Directory, file.Name, flags, out Fd opened)) != Errno.None)
            return error;
        IsRefused = false;
        using var owned = new ScopedFd(opened);
        using (new OwnerWritable(owned))
            return ReadUpperDirectory(file);
    }

    private Errno LookAtUpperFile(scoped LayerEntry file, in Statx stat)
    {
        Errno error;
        if ((error = _reader.IsMetacopy(file, stat, out bool metacopy)) != Errno.None)
            return RefuseFile(error, error == Errno.EIO, file, stat);
        if (!metacopy)
            return Stop(Limits.NoLayer, LayerStop.File);
        _isMetacopy = Target.IsMetacopy = true;
        return _isLast ? Errno.None : TakeRedirect(file, new PathElement(file.Name));
    }
}
