using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Layers;

namespace OverlayFuse.Overlay.Merging;

/// <summary>
/// Opens a directory in one layer: up to its nearest ancestor that is open there, then down again name by name. A small program can
/// make a way of 100,000 levels, so the walk is a loop, and holds at most two descriptors beside the <see cref="Milestones"/>.
/// <para>The walk verifies an upper directory by its inode number, and does not lock the names of its parent: that would turn the lock
/// order round. If a rename comes between, the walk repeats the step.</para>
/// </summary>
internal ref struct DirectoryOpener
{
    private const OpenFlags DirectoryFlags = OpenFlags.Path | OpenFlags.Directory | OpenFlags.NoFollow;

    /// <summary>So many times the walk looks again for a directory that is being renamed.</summary>
    private const int Retries = 1000;

    /// <summary>The array of a longer way is not kept for the next walk of the thread.</summary>
    private const int LongestKept = 1024;

    [ThreadStatic]
    private static Inode?[]? t_way;

    private readonly LayerStack _layers;
    private readonly Milestones _milestones;
    private readonly LowerParts _parts;
    private readonly int _slot;
    private readonly ushort _layer;

    /// <summary>The directories that are still to be opened. The one at the end of the way comes first.</summary>
    private Inode?[] _way;
    private int _count;
    private int _stack = -1;

    /// <summary>The directory that the walk is in, by a descriptor that others use too, or by one of its own.</summary>
    private Inode? _above;
    private SafeFd? _shared;
    private Fd _own = Fd.None;

    /// <param name="layers">Their roots are the start of paths.</param>
    /// <param name="milestones">The milestones of the cache.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="parts">Its lower parts.</param>
    /// <param name="slot">0 for the upper, or one more than the lower's place in its parts.</param>
    public DirectoryOpener(LayerStack layers, Milestones milestones, Inode directory, LowerParts parts, int slot)
    {
        (_layers, _milestones, _parts, _slot) = (layers, milestones, parts, slot);
        _layer = slot == 0 ? Limits.NoLayer : parts.Layers[slot - 1];
        _way = t_way ??= new Inode?[64];
        Push(directory);
    }

    private readonly Inode Next => _way[_count - 1]!;

    private readonly Fd Here => _shared?.Fd ?? _own;

    /// <summary>Opens the directory.</summary>
    /// <returns>ESTALE if the directory is no longer there.</returns>
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
            // Whether another thread ran does not matter.
            _ = Thread.Yield();
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

    /// <summary>Goes up to the start of the walk: to an ancestor that is open, or one that has a path from the root of the layer.</summary>
    private Errno Climb()
    {
        Leave();
        while (PathOf(Next) is null)
        {
            Inode parent = Next.Place!.Parent;
            // The root itself is not open: the layer does not exist.
            if (ReferenceEquals(parent, Next))
                return Errno.ESTALE;
            LowerParts parts = parent.Directory!.Parts;
            int slot = SlotIn(parts);
            if (slot < 0)
                return Errno.ESTALE;
            _above = parent;
            if (CachedDescriptor.TryAcquire(ref parts.Descriptors[slot], out _shared))
                break;
            Push(parent);
        }
        if (_count > Milestones.ShortWay)
            _stack = _milestones.Begin(_shared);
        return Errno.None;
    }

    private Errno Enter(Inode directory, out Fd fd) =>
        _layer == Limits.NoLayer ? EnterUpper(directory, out fd) : EnterLower(directory, out fd);

    /// <returns>EAGAIN if the directory has been renamed.</returns>
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
        // The place is read before the location: a rename sets the location first, and both then mean the same.
        Place place = directory.Place!;
        byte[]? location = LocationOf(directory);
        Name name = location is null ? place.Name : new Name(location);
        Errno error = location is [(byte)'/', ..] ? LayerWalk.Open(_layers.Lowers[_layer].Root.Fd, location, DirectoryFlags, out fd)
            : ReferenceEquals(place.Parent, _above) ? Sys.OpenAt(Here, name, DirectoryFlags, out fd)
            : Errno.EAGAIN;
        // The directory was there: the layer has changed below the mount.
        return error is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? Errno.ESTALE : error;
    }

    /// <summary>Makes the next directory the one that the walk is in.</summary>
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
            // Another thread was first: this descriptor lives until the next step.
            _shared.Release();
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

    private readonly int SlotIn(LowerParts parts)
    {
        if (_layer == Limits.NoLayer)
            return 0;
        int index = Array.IndexOf(parts.Layers, _layer);
        return index < 0 ? -1 : index + 1;
    }

    private readonly byte[]? PathOf(Inode directory) => LocationOf(directory) is [(byte)'/', ..] and var path ? path : null;

    /// <summary>See <see cref="LowerParts.Locations"/>; null if the layer has the directory under its own name.</summary>
    private readonly byte[]? LocationOf(Inode directory)
    {
        if (_layer == Limits.NoLayer)
            return null;
        bool isEnd = ReferenceEquals(directory, _way[0]);
        LowerParts parts = isEnd ? _parts : directory.Directory!.Parts;
        int slot = isEnd ? _slot : SlotIn(parts);
        return slot > 0 ? parts.Locations?[slot - 1] : null;
    }
}
