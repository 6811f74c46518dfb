using OverlayFuse.Linux;

namespace OverlayFuse.Overlay;

/// <summary>
/// One name looked for through the layers (ovl_lookup): the upper, then each lower that the parent merges, until something hides what is
/// below. A redirect on what was found makes it go on below under another name, or by a path from the root of the stack.
/// </summary>
internal ref struct LayerLookup
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
    private bool _isMetacopy;

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
        return found.IsMetacopy ? FindData(ref found) : Errno.None;
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
            _layer = parts.Layers[index];
            _isBottom = index == parts.Layers.Length - 1;
            _isLast = _fileSystem.Redirect.IsFollowed ? _layer == _fileSystem.Inodes.Root.Directory!.Lowers[^1] : _isBottom;
            if (_fileSystem.Directories.BorrowLower(_base, parts, index, out BorrowedFd directory) is not Errno.None and var error)
                return error;
            using (directory)
            {
                if (LookInLayer(directory, ref parts.HasAufsWhiteouts[index], ref found) is not Errno.None and var failed)
                    return failed;
            }
            bool isHere = !found.Lowers.IsEmpty && found.Lowers[^1] == _layer;
            if (isHere && _isDirectory && _redirect is not null && !_fileSystem.Redirect.IsFollowed)
                return Errno.EPERM;
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
            error = _fileSystem.IsAufsMark(_name) ? Errno.ENOENT : Sys.StatxAt(directory, _name, out stat);
            if (error == Errno.ENOENT)
                return _fileSystem.HidesInUpper(_parent, directory, _name, out _stop);
            _stop = true;
            if (error != Errno.None || stat.IsWhiteout)
                return error;
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
        if (_fileSystem.IsOpaqueInUpper(_parent, directory, _name, out _stop) is not Errno.None and var error)
            return error;
        return _stop ? Errno.None : TakeRedirect(directory, _name, default, ref found);
    }

    private Errno TakeUpperFile(Fd directory, ref Resolved found)
    {
        Errno error = _fileSystem.Metacopy.IsMarked(directory, _name, out bool metacopy);
        if (error != Errno.None || !metacopy)
            return error;
        _stop = false;
        _isMetacopy = found.IsMetacopy = true;
        return TakeRedirect(directory, _name, default, ref found);
    }

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
        Errno error = Sys.StatxAt(directory, element.Name, out Statx stat);
        if (error is not (Errno.None or Errno.ENOENT or Errno.ENAMETOOLONG))
            return error;
        if (error == Errno.None)
        {
            if (MountsWithin.LeadsIntoView(stat))
                return Errno.ELOOP;
            if (IsWhiteout(directory, element, stat))
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
        return _isBottom && !element.IsInner ? TakeRedirect(directory, element.Name, element, ref found) : LookBelow(directory, element, ref found);
    }

    /// <summary>Whether a directory hides what is below it, and under which name that goes on.</summary>
    private Errno LookBelow(Fd directory, scoped PathElement element, ref Resolved found)
    {
        if (Opaque.Read(_fileSystem.Xattrs, directory, element.Name, out OpaqueMark mark) is not Errno.None and var error)
            return error;
        if (mark == OpaqueMark.HasXattrWhiteouts && !element.IsInner)
            found.HasXattrWhiteouts = _fileSystem.Layers.Lowers[_layer].HasXattrWhiteouts = true;
        if (mark == OpaqueMark.None && Opaque.IsMarkedByAufs(directory, element.Name, out bool aufs) is var unseen)
        {
            if (unseen != Errno.None)
                return unseen;
            _stop |= aufs;
        }
        _stop |= mark == OpaqueMark.Opaque;
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
        return metacopy ? TakeRedirect(directory, element.Name, element, ref found) : Errno.None;
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
        if (redirect is null)
            return Errno.None;
        if (found.HasUpper && found.Lowers.IsEmpty)
            found.Redirect = redirect;
        if (redirect[0] == (byte)'/')
            _stop = false; // whatever was opaque on the way to it
        _redirect = redirect[0] == (byte)'/' || element.Path is null ? element.WithRest(redirect) : element.Replace(redirect);
        return Errno.None;
    }

    private readonly bool IsWhiteout(Fd directory, scoped PathElement element, in Statx stat)
    {
        bool mayBeFile = element.Path is null ? _base.Directory!.Parts.HasXattrWhiteouts : _fileSystem.Layers.Lowers[_layer].HasXattrWhiteouts;
        return mayBeFile ? Whiteout.Is(_fileSystem.Xattrs, directory, element.Name, stat) : stat.IsWhiteout;
    }

    /// <summary>Where the data of a metacopy are: in the last lower found, or in a data-only layer.</summary>
    private readonly Errno FindData(ref Resolved found)
    {
        if (!_isMetacopy)
        {
            byte[] path = OverlayFileSystem.PathInLayer(_parent, found.Lowers[^1], found.LastLocation is { } at ? new Name(at) : _name);
            found.Data = new LowerData(found.Lowers[^1], path) { Redirect = found.Redirect };
            bool isAllowed = _fileSystem.Metacopy.IsOn && (_redirect is null || _fileSystem.Redirect.IsFollowed);
            return isAllowed ? Errno.None : Errno.EPERM;
        }
        if (!_fileSystem.Metacopy.IsOn && _fileSystem.Layers.DataLayers.Count == 0)
            return Errno.EPERM;
        if (_redirect is not [(byte)'/', ..] || _fileSystem.Layers.DataLayers.Count == 0)
            return Errno.EIO;
        found.Data = new LowerData(Inode.NoLayer, _redirect) { Redirect = found.Redirect };
        return Errno.None;
    }
}

/// <summary>One name on the way of a lookup: alone, or as a part of a redirected path.</summary>
/// <param name="name">The name.</param>
internal readonly ref struct PathElement(Name name)
{
    public Name Name { get; } = name;

    /// <summary>The path that it is a part of, with a NUL behind it; null for the plain name.</summary>
    public byte[]? Path { get; init; }

    /// <summary>Where in <see cref="Path"/> it starts.</summary>
    public int Offset { get; init; }

    /// <summary>Others follow.</summary>
    public bool IsInner { get; init; }

    /// <summary>The path below this element, put behind another one.</summary>
    public byte[] WithRest(byte[] redirect) =>
        IsInner ? [.. redirect.AsSpan(0, redirect.Length - 1), .. Path.AsSpan(Offset + Name.Length)] : redirect;

    /// <summary>The path with this element called otherwise.</summary>
    public byte[] Replace(byte[] redirect) => [.. Path.AsSpan(0, Offset), .. WithRest(redirect)];
}
