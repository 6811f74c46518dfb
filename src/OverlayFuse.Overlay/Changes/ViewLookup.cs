using OverlayFuse.Linux;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Merging;
using OverlayFuse.Overlay.Operations;

namespace OverlayFuse.Overlay.Changes;

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
    private bool _hasMetacopy;
    private bool _isAbsolute;

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
            if (_found is { IsBroken: false })
                FindData(_found);
            return _found;
        }
        catch (IOException)
        {
            _found?.Parts.Dispose();
            _walked.ForEach(Sys.Close);
            throw;
        }
    }

    /// <summary>As <see cref="LayerLookup"/> asks it.</summary>
    private bool MayFollow => (!_isMetacopy || layers.Metacopies.IsOn) && (_redirect is null || layers.Redirects.IsFollowed);

    /// <summary>Whether redirects are read: where they are followed, and where they may lead to a data-only layer.</summary>
    private bool ReadsRedirects => layers.Redirects.IsFollowed || layers.DataOnly.Count > 0;

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
        if (Whiteout.Is(layers.Xattrs, directory, own, stat))
            return;
        _isLast = !ReadsRedirects && parent.Parts.Count == 1;
        ViewLayers.Require(layers.ApplyOverride(0, directory, own, ref stat), own);
        var element = new PathElement(own);
        if (stat.IsDirectory)
        {
            TakeDirectory(directory, stat, element);
            ViewLayers.Require(Opaque.IsMarked(layers.Xattrs, directory, own, out bool opaque), own);
            if (!opaque && layers.HasAufsUpper)
                opaque = HidesByAufs(directory, own) || IsOpaqueByAufs(directory, own);
            _stop = opaque;
            if (!opaque && !_isLast)
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
            if (!MayFollow)
            {
                Break();
                return;
            }
            _layer = _parts[index].Layer;
            _isBottom = index == _parts.Count - 1;
            _isLast = IsLast();
            LookInLayer(_parts[index].Fd);
            if (LeaveForRoot())
                index = _layer - 1; // of the lower layers' roots: the first is layer 1
        }
    }

    /// <summary>Whether nothing can be below the layer, so that marks that tell of it are not read.</summary>
    private bool IsLast() => !ReadsRedirects ? _isBottom : (_isDirectory || layers.DataOnly.Count == 0) && _layer == layers.Stack.Count - 1;

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
            while (!walk.IsTooLong)
            {
                var element = new PathElement(walk.Name) { Path = path, Offset = walk.Offset, IsInner = !walk.IsLast };
                Look(walk.Directory, element);
                if (!element.IsInner || _found is { IsBroken: true })
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
        if (element.LeadsElsewhere)
        {
            Break();
            return;
        }
        Errno error = Sys.StatxAt(directory, element.Name, out Statx stat);
        if (error is not (Errno.ENOENT or Errno.ENAMETOOLONG))
        {
            ViewLayers.Require(error, element.Name);
            LookAt(directory, stat, element);
        }
        if (!_stop && !_isBottom)
            _stop = HidesByAufs(directory, element.Name);
    }

    private void LookAt(Fd directory, Statx stat, scoped PathElement element)
    {
        if (MountsWithin.RefuseView(stat) != Errno.None)
        {
            _found ??= new ViewEntry(_walked) { Stat = stat, Top = PlaceOf(directory, element) };
            Break();
            return;
        }
        if (Whiteout.Is(layers.Xattrs, directory, element.Name, stat))
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
        bool isBottom = _isBottom && !element.IsInner;
        ViewLayers.Require(Opaque.ReadInLower(layers.Xattrs, directory, element.Name, isBottom, out OpaqueMark mark), element.Name);
        _stop |= mark is OpaqueMark.Opaque or OpaqueMark.OpaqueByAufs;
        if (mark != OpaqueMark.Opaque)
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
        _hasMetacopy |= _isMetacopy;
        _stop = !_isMetacopy;
        if (error == Errno.EIO)
            _found.IsBroken = true; // a mark that nobody can read
        else
            ViewLayers.Require(error, element.Name);
        if (_isMetacopy && !_isLast)
            TakeRedirect(directory, element);
    }

    /// <summary>What was found leads on below under another name, or path.</summary>
    private void TakeRedirect(Fd directory, scoped PathElement element)
    {
        Errno error = layers.Redirects.Read(directory, element.Name, out byte[]? redirect);
        if (error is Errno.EINVAL or Errno.EACCES)
        {
            Break();
            return;
        }
        ViewLayers.Require(error, element.Name);
        _isAbsolute = redirect is [(byte)'/', ..];
        if (redirect is null)
            return;
        if (_isAbsolute)
            _stop = false; // whatever was opaque on the way to it
        _redirect = element.Follow(redirect);
    }

    /// <summary>What the mount answers with an error: the name is there, and nothing is looked for below.</summary>
    private void Break()
    {
        _stop = true;
        _found!.IsBroken = true;
    }

    /// <summary>The data of a metacopy below which there is no file are in a data-only layer.</summary>
    private void FindData(ViewEntry found)
    {
        bool isInDataLayer = _isMetacopy && _isAbsolute && found.Data.Layer > 0 && layers.DataOnly.Count > 0;
        if (!isInDataLayer)
        {
            found.IsBroken = !MayFollow || _isMetacopy || (_hasMetacopy && !layers.Metacopies.IsOn);
            return;
        }
        Errno error = DataLayers.Open(layers.DataOnly, DataLayers.WithoutDots(_redirect!), OpenFlags.Path, out Fd file);
        found.IsBroken = error == Errno.ENOENT;
        if (found.IsBroken)
            return;
        ViewLayers.Require(error, new Name(_redirect));
        _walked.Add(file);
        found.Data = new ViewPlace(ViewLayers.DataLayer, file, [0]);
    }

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
