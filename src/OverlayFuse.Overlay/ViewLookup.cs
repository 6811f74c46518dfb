using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// One name looked for in a view, by the rules of <see cref="LayerLookup"/> and by the same walk of paths, which follows no symbolic link; without inodes,
/// caches and indexes.
/// </summary>
/// <param name="layers">The layers.</param>
/// <param name="lowerRoots">The roots of the lower layers as parts.</param>
/// <param name="parent">The directory, open.</param>
/// <param name="name">With a NUL.</param>
internal sealed class ViewLookup(ViewLayers layers, ViewDirectory lowerRoots, ViewDirectory parent, byte[] name)
{
    private readonly List<Fd> _walked = [];
    private IReadOnlyList<ViewPart> _parts = parent.Parts;
    private ViewEntry? _found;
    private byte[]? _redirect;
    private int _layer;
    private bool _stop;
    private bool _isLast;
    private bool _isBottom;
    private bool _isDirectory;
    private bool _isMetacopy;

    /// <summary>Looks; null: nothing is shown.</summary>
    /// <exception cref="IOException">A layer cannot be read.</exception>
    public ViewEntry? Run()
    {
        try
        {
            if (_parts is [{ Layer: 0 } upper, ..])
                LookInUpper(upper.Fd);
            if (!_stop && !AufsWhiteout.IsMark(new Name(name)))
                LookInLowers();
            if (_isMetacopy)
                FindDataOnly();
            return _found;
        }
        catch (IOException)
        {
            _found?.Parts.Dispose();
            _walked.ForEach(Sys.Close);
            throw;
        }
    }

    private void LookInUpper(Fd directory)
    {
        var own = new Name(name);
        if (layers.HasAufsUpper && AufsWhiteout.IsMark(own))
        {
            _stop = true;
            return;
        }
        Errno error = Sys.StatxAt(directory, own, out Statx stat);
        if (error is Errno.ENOENT or Errno.ENAMETOOLONG)
        {
            _stop = layers.HasAufsUpper && HidesByAufs(directory, own);
            return;
        }
        ViewLayers.Require(error, own);
        _stop = true;
        if (stat.IsWhiteout)
            return;
        ViewLayers.Require(layers.ApplyOverride(0, directory, own, ref stat), own);
        var element = new PathElement(own);
        if (stat.IsDirectory)
        {
            TakeDirectory(directory, stat, element);
            ViewLayers.Require(Opaque.IsMarked(layers.Xattrs, directory, own, out bool opaque), own);
            if (!opaque && layers.HasAufsUpper)
                opaque = HidesByAufs(directory, own) || IsOpaqueByAufs(directory, own);
            _stop = opaque;
            if (!opaque)
                TakeRedirect(directory, element);
            return;
        }
        TakeFile(directory, stat, element);
    }

    private void LookInLowers()
    {
        _ = LeaveForRoot(); // the loop starts at the top in any case
        for (int index = _parts is [{ Layer: 0 }, ..] ? 1 : 0; index < _parts.Count && !_stop; index++)
        {
            _layer = _parts[index].Layer;
            _isBottom = index == _parts.Count - 1;
            _isLast = _layer == layers.Stack.Count - 1;
            LookInLayer(_parts[index].Fd);
            if (LeaveForRoot())
                index = _layer - 1; // of the lower layers' roots: the first is layer 1
        }
    }

    /// <summary>A path is looked for in all layers below, not only in those that the parent merges.</summary>
    private bool LeaveForRoot()
    {
        bool leaves = _redirect is [(byte)'/', ..] && !ReferenceEquals(_parts, lowerRoots.Parts);
        if (leaves)
            _parts = lowerRoots.Parts;
        return leaves;
    }

    private void LookInLayer(Fd directory)
    {
        if (_redirect is not [(byte)'/', ..] path)
        {
            Look(directory, _redirect is null ? new PathElement(new Name(name)) : new PathElement(new Name(_redirect)) { Path = _redirect });
            return;
        }
        var walk = new LayerWalk(layers.Stack[_layer].Root.Fd, path, stackalloc byte[OverlayFileSystem.NameMax + 1]);
        try
        {
            while (true)
            {
                var element = new PathElement(walk.Name) { Path = path, Offset = walk.Offset, IsInner = !walk.IsLast };
                Look(walk.Directory, element);
                if (!element.IsInner)
                    return;
                Errno error = walk.Enter();
                if (error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
                    return; // nothing there
                ViewLayers.Require(error, walk.Name);
            }
        }
        finally
        {
            walk.Dispose();
        }
    }

    /// <summary>One name in one directory of one lower layer.</summary>
    private void Look(Fd directory, scoped PathElement element)
    {
        Errno error = Sys.StatxAt(directory, element.Name, out Statx stat);
        if (error is not (Errno.ENOENT or Errno.ENAMETOOLONG))
        {
            ViewLayers.Require(error, element.Name);
            if (IsWhiteout(directory, element, stat))
            {
                _stop = true;
                return;
            }
            ViewLayers.Require(layers.ApplyOverride(_layer, directory, element.Name, ref stat), element.Name);
            if (stat.IsDirectory)
                LookAtDirectory(directory, stat, element);
            else
                LookAtFile(directory, stat, element);
        }
        if (!_stop && !_isBottom)
            _stop = HidesByAufs(directory, element.Name);
    }

    private void LookAtDirectory(Fd directory, in Statx stat, scoped PathElement element)
    {
        if (!element.IsInner)
        {
            if (_isMetacopy || (_found is not null && !_isDirectory))
            {
                _stop = true; // a file above it has no part in it
                return;
            }
            TakeDirectory(directory, stat, element);
        }
        if (_isLast)
            return;
        if (!_isBottom || element.IsInner)
        {
            ViewLayers.Require(Opaque.Read(layers.Xattrs, directory, element.Name, out OpaqueMark mark), element.Name);
            if (mark == OpaqueMark.HasXattrWhiteouts && !element.IsInner)
                _found!.Parts.HasXattrWhiteouts = true;
            _stop |= mark == OpaqueMark.Opaque || (mark == OpaqueMark.None && IsOpaqueByAufs(directory, element.Name));
            if (mark == OpaqueMark.Opaque)
                return;
        }
        TakeRedirect(directory, element);
    }

    private void LookAtFile(Fd directory, in Statx stat, scoped PathElement element)
    {
        if (element.IsInner || _isDirectory || (_isMetacopy && stat.Type != FileType.Regular))
            _stop = true;
        else
            TakeFile(directory, stat, element);
    }

    private void TakeDirectory(Fd directory, in Statx stat, scoped PathElement element)
    {
        _isDirectory = true;
        _found ??= new ViewEntry(_walked) { Stat = stat, Top = PlaceOf(directory, element) };
        _found.Parts.Add(new ViewPart(_layer, element.Path ?? name), directory, element.Name);
    }

    private void TakeFile(Fd directory, in Statx stat, scoped PathElement element)
    {
        ViewPlace place = PlaceOf(directory, element);
        _found ??= new ViewEntry(_walked) { Stat = stat, Top = place };
        _found.Data = place;
        bool metacopy = false;
        Errno error = stat.Type == FileType.Regular ? layers.Metacopies.IsMarked(directory, element.Name, out metacopy) : Errno.None;
        _isMetacopy = metacopy && error == Errno.None;
        _stop = !_isMetacopy;
        if (error == Errno.EIO)
            _found.IsBroken = true; // a mark that nobody can read
        else
            ViewLayers.Require(error, element.Name);
        if (_isMetacopy)
            TakeRedirect(directory, element);
    }

    /// <summary>What was found leads on below under another name, or path.</summary>
    private void TakeRedirect(Fd directory, scoped PathElement element)
    {
        Errno error = layers.Redirects.Read(directory, element.Name, out byte[]? redirect);
        if (error is Errno.EINVAL or Errno.EACCES)
        {
            _stop = true;
            if (_found is not null)
                _found.IsBroken = true;
            return;
        }
        ViewLayers.Require(error, element.Name);
        if (redirect is null)
            return;
        bool isPath = redirect[0] == (byte)'/';
        if (isPath)
            _stop = false; // whatever was opaque on the way to it
        _redirect = isPath || element.Path is null ? element.WithRest(redirect) : element.Replace(redirect);
    }

    /// <summary>The data of a metacopy below which there is no file are in a data-only layer.</summary>
    private void FindDataOnly()
    {
        _found!.IsBroken = true;
        if (_redirect is not [(byte)'/', ..])
            return;
        foreach (Layer layer in layers.DataOnly)
        {
            Errno error = LayerWalk.Open(layer.Root.Fd, _redirect, OpenFlags.Path, out Fd file);
            if (error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
                continue;
            ViewLayers.Require(error, new Name(_redirect));
            _walked.Add(file);
            _found.Data = new ViewPlace(ViewLayers.DataLayer, file, [0]);
            _found.IsBroken = false;
            return;
        }
    }

    private bool IsWhiteout(Fd directory, scoped PathElement element, in Statx stat) =>
        element.Path is null && parent.HasXattrWhiteouts ? Whiteout.Is(layers.Xattrs, directory, element.Name, stat) : stat.IsWhiteout;

    private static bool HidesByAufs(Fd directory, Name name)
    {
        var unknown = Known.NotYet;
        ViewLayers.Require(AufsWhiteout.Hides(directory, ref unknown, name, out bool hidden), name);
        return hidden;
    }

    private static bool IsOpaqueByAufs(Fd directory, Name name)
    {
        ViewLayers.Require(Opaque.IsMarkedByAufs(directory, name, out bool opaque), name);
        return opaque;
    }

    /// <summary>The directory of a walk is closed when the walk goes on.</summary>
    private ViewPlace PlaceOf(Fd directory, scoped PathElement element)
    {
        if (element.Path is [(byte)'/', ..])
        {
            ViewLayers.Require(Sys.OpenAt(directory, Name.Dot, ViewDirectory.Flags, out directory), Name.Dot);
            _walked.Add(directory);
        }
        return new ViewPlace(_layer, directory, element.Name.ToArray());
    }
}
