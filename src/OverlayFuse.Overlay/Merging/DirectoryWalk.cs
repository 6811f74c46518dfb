using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// Opens a directory in one layer: up to its nearest ancestor that is open there, then down again name by name. How long that way is, is the
/// user's choice (100,000 levels are made by one small program): so it is walked in a loop, and holds two descriptors at most beside the
/// <see cref="Milestones"/>.
/// <para>An upper directory is verified by its inode number instead of locking the names of its parent: a lock here would turn the lock order
/// round. A step that a rename has overtaken is done again.</para>
/// </summary>
internal ref struct DirectoryWalk
{
    private const OpenFlags DirectoryFlags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;

    /// <summary>How often a directory that is being renamed at this moment is looked for again.</summary>
    private const int Retries = 1000;

    /// <summary>A longer way is not kept for the next walk of the thread.</summary>
    private const int LongestKept = 1024;

    [ThreadStatic]
    private static Inode?[]? t_way;

    private readonly LayerStack _layers;
    private readonly Milestones _milestones;
    private readonly LowerParts _parts;
    private readonly int _slot;
    private readonly ushort _layer;

    /// <summary>The directories that are still to be opened, that at the end of the way first.</summary>
    private Inode?[] _way;
    private int _count;
    private int _stack = -1;

    /// <summary>Where the walk is: a descriptor that others use too, or one of its own.</summary>
    private Inode? _above;
    private SafeFd? _shared;
    private Fd _own = Fd.None;

    /// <param name="layers">Where paths from the root of a layer start.</param>
    /// <param name="milestones">Of the cache.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="parts">Its lower parts.</param>
    /// <param name="slot">0 for the upper, or one more than the lower's place in its parts.</param>
    public DirectoryWalk(LayerStack layers, Milestones milestones, Inode directory, LowerParts parts, int slot)
    {
        (_layers, _milestones, _parts, _slot) = (layers, milestones, parts, slot);
        _layer = slot == 0 ? Inode.NoLayer : parts.Layers[slot - 1];
        _way = t_way ??= new Inode?[64];
        Push(directory);
    }

    private readonly Inode Next => _way[_count - 1]!;

    private readonly Fd Here => _shared?.Fd ?? _own;

    /// <summary>Opens it.</summary>
    /// <returns>ESTALE when it is no longer where it was.</returns>
    public Errno Run(out Fd fd)
    {
        fd = Fd.None;
        Errno error = Climb();
        for (int attempt = 0; error == Errno.None && _count > 0;)
        {
            error = Enter(Next, out Fd entered);
            if (error == Errno.None)
                Advance(entered);
            if (error != Errno.EAGAIN || ++attempt == Retries)
                continue;
            _ = Thread.Yield(); // whether another thread ran does not matter
            error = Next.Place!.Parent == _above ? Errno.None : Climb();
        }
        if (error != Errno.None)
            return error == Errno.EAGAIN ? Errno.ESTALE : error;
        (fd, _own) = (_own, Fd.None);
        return Errno.None;
    }

    public void Dispose()
    {
        Leave();
        if (_way.Length > LongestKept)
            t_way = null;
        else
            Array.Clear(_way);
    }

    /// <summary>Goes up to where the walk can start: to an ancestor that is open, or one that is found from the root of the layer.</summary>
    private Errno Climb()
    {
        Leave();
        while (PathOf(Next) is null)
        {
            Inode parent = Next.Place!.Parent;
            if (ReferenceEquals(parent, Next))
                return Errno.ESTALE; // the root itself is not open: the layer does not exist
            LowerParts parts = parent.Directory!.Parts;
            int slot = SlotIn(parts);
            if (slot < 0)
                return Errno.ESTALE;
            _above = parent;
            if (DirectoryCache.TryAcquire(ref parts.Descriptors[slot], out _shared))
                break;
            Push(parent);
        }
        if (_count > Milestones.ShortWay)
            _stack = _milestones.Begin(_shared);
        return Errno.None;
    }

    private Errno Enter(Inode directory, out Fd fd) => _layer == Inode.NoLayer ? EnterUpper(directory, out fd) : EnterLower(directory, out fd);

    /// <returns>EAGAIN when it is elsewhere by now.</returns>
    private readonly Errno EnterUpper(Inode directory, out Fd fd)
    {
        fd = Fd.None;
        Place place = directory.Place!;
        if (!ReferenceEquals(place.Parent, _above))
            return Errno.EAGAIN;
        Errno error;
        if ((error = Sys.OpenAt(Here, place.Name, DirectoryFlags, out Fd entered)) != Errno.None)
            return error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? Errno.EAGAIN : error;
        using var opened = new ScopedFd(entered);
        if ((error = Sys.FStatx(entered, out Statx stat, StatxMask.Ino)) != Errno.None)
            return error;
        if (stat.Ino != directory.UpperIno)
            return Errno.EAGAIN;
        fd = opened.Release();
        return Errno.None;
    }

    private readonly Errno EnterLower(Inode directory, out Fd fd)
    {
        fd = Fd.None;
        Place place = directory.Place!; // before the location: a rename sets that first, and both then mean the same
        byte[]? location = LocationOf(directory);
        Errno error = location is [(byte)'/', ..] ? LayerWalk.Open(_layers.Lowers[_layer].Root.Fd, location, DirectoryFlags, out fd)
            : ReferenceEquals(place.Parent, _above) ? Sys.OpenAt(Here, location is null ? place.Name : new Name(location), DirectoryFlags, out fd)
            : Errno.EAGAIN;
        return error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? Errno.ESTALE : error; // changed behind our back; it was there
    }

    /// <summary>Is in the next directory from here on.</summary>
    private void Advance(Fd entered)
    {
        Inode directory = Next;
        LowerParts parts = directory.Directory!.Parts;
        int distance = --_count;
        Leave();
        _above = directory;
        if (distance == 0 || _stack < 0 || !Milestones.IsOne(distance) || SlotIn(parts) is not (>= 0 and var slot))
        {
            _own = entered;
            return;
        }
        _shared = new SafeFd(entered);
        if (_shared.TryAcquire() && Interlocked.CompareExchange(ref parts.Descriptors[slot], _shared, null) is null)
            _milestones.Put(_stack, new CachedDescriptor(parts.Descriptors, slot, _shared));
        else
            _shared.Release(); // another thread was first: this one lives until the next step
    }

    private void Leave()
    {
        _shared?.Release();
        _shared = null;
        if (_own.IsOpen)
            Sys.Close(_own);
        _own = Fd.None;
        _above = null;
    }

    private void Push(Inode directory)
    {
        if (_count == _way.Length)
        {
            Array.Resize(ref _way, _count * 2);
            t_way = _way;
        }
        _way[_count++] = directory;
    }

    private readonly int SlotIn(LowerParts parts) => _layer == Inode.NoLayer ? 0 : Array.IndexOf(parts.Layers, _layer) is >= 0 and var index ? index + 1 : -1;

    private readonly byte[]? PathOf(Inode directory) => LocationOf(directory) is [(byte)'/', ..] and var path ? path : null;

    /// <summary>Where the layer has it, unless it is there under its own name; see <see cref="LowerParts.Locations"/>.</summary>
    private readonly byte[]? LocationOf(Inode directory)
    {
        if (_layer == Inode.NoLayer)
            return null;
        bool isEnd = ReferenceEquals(directory, _way[0]);
        LowerParts parts = isEnd ? _parts : directory.Directory!.Parts;
        int slot = isEnd ? _slot : SlotIn(parts);
        return slot > 0 ? parts.Locations?[slot - 1] : null;
    }
}
