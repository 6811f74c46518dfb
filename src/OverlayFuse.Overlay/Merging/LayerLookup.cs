using OverlayFuse.Linux;
using OverlayFuse.Overlay.Callers;
using OverlayFuse.Overlay.Checks;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.Operations;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// One name looked for through the layers (ovl_lookup): the upper, then each lower that the parent merges, until something hides what is
/// below. A redirect on what was found makes it go on below under another name, or by a path from the root of the stack.
/// </summary>
internal ref partial struct LayerLookup
{
    private readonly OverlayFileSystem _fileSystem;
    private readonly Inode _parent;
    private readonly Name _name;
    private Inode _base;
    private byte[]? _redirect;
    private ushort _layer;
    private bool _stop;
    private bool _isLast;
    private bool _isBottom;
    private bool _isDirectory;

    /// <summary>What was found last is a metacopy: its data are still to be found.</summary>
    private bool _isMetacopy;

    /// <summary>The last thing that was asked for a redirect had one, and it was a path.</summary>
    private bool _isAbsolute;

    /// <param name="fileSystem">The merged view.</param>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name.</param>
    public LayerLookup(OverlayFileSystem fileSystem, Inode parent, Name name)
    {
        _fileSystem = fileSystem;
        _parent = _base = parent;
        _name = name;
    }

    /// <summary>Looks for it; nothing found is no error.</summary>
    /// <param name="from">The first slot to look into: 0 the upper, then one for each lower.</param>
    /// <param name="found">What was found.</param>
    /// <returns>EPERM for a redirect or metacopy that the options do not let us follow, EIO for a metacopy without data.</returns>
    public Errno Run(int from, ref Resolved found)
    {
        if (_parent.HasUpper && from == 0 && LookInUpper(ref found) is not Errno.None and var error)
            return error;
        if (!_stop && LookInLowers(Math.Max(0, from - 1), ref found) is not Errno.None and var failed)
            return failed;
        return FindData(ref found);
    }

    /// <summary>Looks into lower layers only.</summary>
    public Errno LookInLowers(int from, ref Resolved found)
    {
        if (AufsWhiteout.IsMark(_name))
            return Errno.None;
        _ = LeaveForRoot(); // the loop starts at the top in any case
        LowerParts parts = _base.Directory!.Parts;
        for (int index = Next(parts, from); index < parts.Layers.Length; index = Next(parts, index + 1))
        {
            if (!MayFollow)
                return Errno.EPERM;
            _layer = parts.Layers[index];
            _isBottom = index == parts.Layers.Length - 1;
            _isLast = IsLast();
            if (_fileSystem.Directories.BorrowLower(_base, parts, index, out BorrowedFd directory) is not Errno.None and var error)
                return error;
            using (directory)
            {
                if (LookInLayer(directory, ref parts.HasAufsWhiteouts[index], ref found) is not Errno.None and var failed)
                    return failed;
            }
            if (LeaveForRoot())
            {
                parts = _base.Directory.Parts;
                index = Array.IndexOf(parts.Layers, _layer);
            }
        }
        return Errno.None;
    }

    /// <summary>
    /// The next layer to look into: where no other name is to be looked for, the directory knows those that have it. To learn that, it is
    /// listed in all its layers: not for what was found already, and not for the first few names.
    /// </summary>
    /// <returns>How many there are, when nothing more is to be looked for.</returns>
    private readonly int Next(LowerParts parts, int index)
    {
        if (_stop)
            return parts.Layers.Length;
        bool isWorthIt = _redirect is null && index > 0 && index < parts.Layers.Length && parts.NoteLook();
        LowerNames? names = isWorthIt ? _fileSystem.LowerNamesOf(_base, parts) : _redirect is null ? parts.Names : null;
        return names is null ? index : names.Next(_name, index, parts.Layers.Length);
    }

    /// <summary>
    /// Following a redirect or a metacopy is like following a symbolic link without asking who may: not where the options do not say so
    /// (ovl_check_follow_redirect).
    /// </summary>
    private readonly bool MayFollow =>
        (!_isMetacopy || _fileSystem.Metacopy.IsOn) && (_redirect is null || _fileSystem.Redirect.IsFollowed);

    /// <summary>Whether redirects are read: where they are followed, and where they may lead to a data-only layer.</summary>
    private readonly bool ReadsRedirects => _fileSystem.Redirect.IsFollowed || _fileSystem.Layers.DataLayers.Count > 0;

    /// <summary>Whether nothing can be below the layer, so that marks that tell of it are not read (ovl_lookup_data.last).</summary>
    private readonly bool IsLast() =>
        !ReadsRedirects ? _isBottom
        : (_isDirectory || _fileSystem.Layers.DataLayers.Count == 0) && _layer == _fileSystem.Inodes.Root.Directory!.Lowers[^1];

    /// <summary>A path is looked for in all layers below, not only in those that the parent merges.</summary>
    private bool LeaveForRoot()
    {
        bool leaves = _redirect is [(byte)'/', ..] && !ReferenceEquals(_base, _fileSystem.Inodes.Root);
        if (leaves)
            _base = _fileSystem.Inodes.Root;
        return leaves;
    }

    private Errno LookInUpper(ref Resolved found)
    {
        if (_fileSystem.Directories.BorrowUpper(_parent, out BorrowedFd directory) is not Errno.None and var error)
            return error;
        using (directory)
        {
            Statx stat = default;
            error = _fileSystem.IsAufsMark(_name) ? Errno.ENOENT : OwnerModes.Statx(directory, _name, out stat);
            if (error == Errno.ENOENT)
                return _fileSystem.HidesInUpper(_parent, directory, _name, out _stop);
            _stop = true;
            if (error != Errno.None || Whiteout.Is(_fileSystem.Xattrs, directory, _name, stat))
                return error;
            _isLast = !ReadsRedirects && _parent.Directory!.Lowers.Length == 0;
            if (_fileSystem.Overrides?.Apply(Inode.NoLayer, directory, _name, ref stat, out _) is { } unread and not Errno.None)
                return unread;
            found.Exists = found.HasUpper = true;
            found.Stat = stat;
            found.Ino = _fileSystem.MapIno(stat);
            if (stat.IsDirectory)
                return TakeUpperDirectory(directory, ref found);
            if (_fileSystem.IsImpure(_parent, directory) && _fileSystem.Origin.Read(directory, _name, ref found) is not Errno.None and var broken)
                return broken;
            if (found.HasOrigin && stat.Nlink > 1 && TakeUpperIndex(directory, ref found) is not Errno.None and var unknown)
                return unknown;
            return stat.Type == FileType.Regular ? TakeUpperFile(directory, ref found) : Errno.None;
        }
    }

    private Errno TakeUpperDirectory(Fd directory, ref Resolved found)
    {
        _isDirectory = true;
        Errno error = ReadUpperDirectory(directory, ref found);
        return error == Errno.EACCES && Sys.EffectiveUid != 0 ? ReadUnreadable(directory, ref found) : error;
    }

    private Errno ReadUpperDirectory(Fd directory, ref Resolved found)
    {
        if (_fileSystem.IsOpaqueInUpper(_parent, directory, _name, out _stop) is not Errno.None and var error)
            return error;
        return _stop || _isLast ? Errno.None : TakeRedirect(directory, _name, default, ref found);
    }

    /// <summary>An ordinary user's own directory that its mode keeps from being read: its marks say what lies below it.</summary>
    private Errno ReadUnreadable(Fd directory, ref Resolved found)
    {
        if (Sys.OpenAt(directory, _name, OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow, out Fd opened) is not Errno.None and var error)
            return error;
        using var owned = new ScopedFd(opened);
        using (new OwnerWritable(owned))
            return ReadUpperDirectory(directory, ref found);
    }

    private Errno TakeUpperFile(Fd directory, ref Resolved found)
    {
        Errno error = _fileSystem.Metacopy.IsMarked(directory, _name, out bool metacopy);
        if (error != Errno.None || !metacopy)
            return error;
        _stop = false;
        _isMetacopy = found.IsMetacopy = true;
        return _isLast ? Errno.None : TakeRedirect(directory, _name, default, ref found);
    }

    private Errno LookInLayer(Fd directory, ref Known holdsAufs, ref Resolved found)
    {
        byte[]? location = _redirect;
        if (location is null)
            return Look(directory, ref holdsAufs, new PathElement(_name), ref found);
        if (location[0] != (byte)'/')
            return Look(directory, ref holdsAufs, new PathElement(new Name(location)) { Path = location }, ref found);
        Known aufs = holdsAufs;
        var walk = new LayerWalk(directory, location, stackalloc byte[OverlayFileSystem.NameMax + 1]);
        try
        {
            while (true)
            {
                if (walk.IsTooLong)
                    return Errno.None;
                var element = new PathElement(walk.Name) { Path = location, Offset = walk.Offset, IsInner = !walk.IsLast };
                if (Look(walk.Directory, ref aufs, element, ref found) is not Errno.None and var error)
                    return error;
                if (!element.IsInner)
                    return Errno.None;
                aufs = Known.NotYet;
                error = walk.Enter();
                if (error != Errno.None)
                    return error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? Errno.None : error; // nothing there
            }
        }
        finally
        {
            walk.Dispose();
        }
    }

    /// <summary>One name in one directory of one layer (ovl_lookup_single).</summary>
    private Errno Look(Fd directory, ref Known holdsAufs, scoped PathElement element, ref Resolved found)
    {
        if (element.LeadsElsewhere)
            return Errno.EACCES;
        Errno error = Sys.StatxAt(directory, element.Name, out Statx stat);
        if (error is not (Errno.None or Errno.ENOENT or Errno.ENAMETOOLONG))
            return error;
        if (error == Errno.None)
        {
            if ((error = MountsWithin.RefuseView(stat)) != Errno.None)
                return error;
            if (Whiteout.Is(_fileSystem.Xattrs, directory, element.Name, stat))
            {
                _stop = true;
                return Errno.None;
            }
            if (_fileSystem.Overrides?.Apply(_layer, directory, element.Name, ref stat, out _) is { } unread and not Errno.None)
                return unread;
            _fileSystem.IdMapped?.Restore(_layer, ref stat);
            error = stat.IsDirectory ? LookAtDirectory(directory, element, stat, ref found) : LookAtFile(directory, element, stat, ref found);
            if (error != Errno.None)
                return error;
        }
        if (_stop || _isBottom)
            return Errno.None;
        if (holdsAufs == Known.NotYet && _redirect is null)
            _ = _fileSystem.LowerNamesOf(_base, _base.Directory!.Parts); // one listing tells both
        error = AufsWhiteout.Hides(directory, ref holdsAufs, element.Name, out bool hidden);
        _stop |= hidden;
        return error;
    }

    private Errno LookAtDirectory(Fd directory, scoped PathElement element, in Statx stat, ref Resolved found)
    {
        if (!element.IsInner)
        {
            if (_isMetacopy || (found.Exists && !_isDirectory))
            {
                _stop = true; // a file above it has no part in it
                return Errno.None;
            }
            bool merges = true;
            if (_fileSystem.Index is { IsComplete: true } && found.Lowers.IsEmpty && TakeDirectoryIndex(directory, element.Name, ref found, out merges) is not Errno.None and var unknown)
                return unknown;
            if (!merges)
            {
                _stop = true;
                return Errno.None;
            }
            _isDirectory = true;
            TakeLower(ref found, stat, element.Path);
        }
        if (_isLast)
            return Errno.None;
        return LookBelow(directory, element, ref found);
    }

    /// <summary>Whether a directory hides what is below it, and under which name that goes on.</summary>
    private Errno LookBelow(Fd directory, scoped PathElement element, ref Resolved found)
    {
        bool isBottom = _isBottom && !element.IsInner;
        Errno error = Opaque.ReadInLower(_fileSystem.Xattrs, directory, element.Name, isBottom, out OpaqueMark mark);
        if (error != Errno.None)
            return error;
        if (mark == OpaqueMark.HasXattrWhiteouts && !element.IsInner)
            found.HasXattrWhiteouts = _fileSystem.Layers.Lowers[_layer].HasXattrWhiteouts = true;
        _stop |= mark is OpaqueMark.Opaque or OpaqueMark.OpaqueByAufs;
        return mark == OpaqueMark.Opaque ? Errno.None : TakeRedirect(directory, element.Name, element, ref found);
    }

    private Errno LookAtFile(Fd directory, scoped PathElement element, in Statx stat, ref Resolved found)
    {
        if (element.IsInner || _isDirectory || (_isMetacopy && stat.Type != FileType.Regular))
        {
            _stop = true;
            return Errno.None;
        }
        bool metacopy = false;
        if (stat.Type == FileType.Regular && _fileSystem.Metacopy.IsMarked(directory, element.Name, out metacopy) is not Errno.None and var error)
            return error;
        bool isIntermediate = metacopy && !found.Lowers.IsEmpty; // of a chain, the top and the data count
        if (!isIntermediate)
            TakeLower(ref found, stat, element.Path);
        _stop = !metacopy;
        _isMetacopy = metacopy;
        found.IsMetacopy |= metacopy;
        bool mayBeIndexed = !found.HasUpper && _fileSystem.Index is { } index && (stat.Nlink > 1 || index.IsComplete);
        if (mayBeIndexed && LookInIndex(directory, element.Name, stat, ref found) is not Errno.None and var unindexed)
            return unindexed;
        return metacopy && !_isLast ? TakeRedirect(directory, element.Name, element, ref found) : Errno.None;
    }

    private void TakeLower(ref Resolved found, in Statx stat, byte[]? location)
    {
        if (!found.Exists)
            found.Stat = stat;
        bool isTop = found.Lowers.IsEmpty;
        if (isTop && (!found.HasUpper || stat.IsDirectory)) // also a merged directory shows its topmost lower's number, as before its copy-up
            found.Ino = _fileSystem.MapIno(stat);
        found.Exists = true;
        found.AddLower(_layer, location);
    }

    /// <summary>What was found leads on below under another name, or path.</summary>
    private Errno TakeRedirect(Fd directory, scoped Name name, scoped PathElement element, ref Resolved found)
    {
        if (_fileSystem.Redirect.Read(directory, name, out byte[]? redirect) is not Errno.None and var error)
            return error;
        _isAbsolute = redirect is [(byte)'/', ..];
        if (redirect is null)
            return Errno.None;
        if (found.HasUpper && found.Lowers.IsEmpty)
            found.Redirect = redirect;
        if (redirect[0] == (byte)'/')
            _stop = false; // whatever was opaque on the way to it
        _redirect = element.Follow(redirect);
        return Errno.None;
    }

    /// <summary>Where the data of a metacopy are: in the last lower found, or in a data-only layer.</summary>
    private readonly Errno FindData(ref Resolved found)
    {
        bool isInDataLayer = _isMetacopy && _isAbsolute && !found.Lowers.IsEmpty && _fileSystem.Layers.DataLayers.Count > 0;
        if (isInDataLayer)
        {
            found.Data = new LowerData(Inode.NoLayer, DataLayers.WithoutDots(_redirect!)) { Redirect = found.Redirect };
            return Errno.None;
        }
        if (!MayFollow)
            return Errno.EPERM;
        if (!found.IsMetacopy)
            return Errno.None;
        if (_isMetacopy || found.Lowers.IsEmpty)
            return Errno.EIO;
        byte[] path = OverlayFileSystem.PathInLayer(_parent, found.Lowers[^1], found.LastLocation is { } at ? new Name(at) : _name);
        found.Data = new LowerData(found.Lowers[^1], path) { Redirect = found.Redirect };
        return _fileSystem.Metacopy.IsOn ? Errno.None : Errno.EPERM;
    }
}
