using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Overlay.Merging;

namespace OverlayFuse.Overlay.Changes;

/// <summary>One name looked for in a view, by the same walk as a mount; without inodes, caches and indexes.</summary>
/// <param name="layers">The layers.</param>
/// <param name="lowerRoots">The roots of the lower layers as parts.</param>
/// <param name="parent">The directory, open.</param>
/// <param name="name">With a NUL.</param>
internal sealed class ViewLookup(ViewLayers layers, ViewDirectory lowerRoots, ViewDirectory parent, byte[] name) : ILookupTarget
{
    private readonly List<Fd> _walked = [];
    private IReadOnlyList<ViewPart> _parts = parent.Parts;

    /// <summary>The first of the parts that is in a lower layer.</summary>
    private int _first = parent.Parts is [{ Layer: 0 }, ..] ? 1 : 0;

    private ViewEntry? _found;

    /// <summary>Notes the way of the lookup. Null: nobody asks for it.</summary>
    public LookupTrace? Trace { get; init; }

    /// <summary>Looks. The result is null if nothing is shown.</summary>
    /// <exception cref="IOException">A layer cannot be read.</exception>
    public ViewEntry? Run()
    {
        var pass = new LayerPass<ViewLookup>(layers.Reader, new Name(name), this);
        Errno error = pass.Run(0);
        Trace?.End(pass.Location);
        if (error != Errno.None && !pass.IsRefused)
        {
            _found?.Parts.Dispose();
            _walked.ForEach(Sys.Close);
            ViewLayers.Require(error, new Name(name));
        }
        if (error != Errno.None)
            _found!.IsBroken = true;
        return _found;
    }

    public bool HasUpper => _first == 1;

    public bool HasLowers => parent.Parts.Count > _first;

    public ref Known UpperMarks => ref parent.Parts[0].Marks;

    public int Count => _parts.Count - _first;

    public ushort Lowest => layers.Lowest;

    public bool HasFound => _found is not null;

    public bool HasFoundLower => _found is { Data.Layer: > 0 };

    public bool IsMetacopy { get; set; }

    public Errno BorrowUpper(out BorrowedFd directory) => parent.Parts[0].Borrow(out directory);

    public void EnterLowers()
    {
    }

    public bool LeaveForRoot()
    {
        if (ReferenceEquals(_parts, lowerRoots.Parts))
            return false;
        (_parts, _first) = (lowerRoots.Parts, 0);
        return true;
    }

    public int Next(int index, bool isOwnName) => index;

    public ushort LayerOf(int index) => _parts[_first + index].LayerNumber;

    /// <summary>Only the roots are asked, of which each layer has one.</summary>
    public int IndexOf(ushort layer) => layer;

    public Errno BorrowLower(int index, out BorrowedFd directory) => _parts[_first + index].Borrow(out directory);

    public ref Known LowerMarks(int index) => ref _parts[_first + index].Marks;

    public void Enter(ushort layer, byte[]? location) => Trace?.Enter(NumberOf(layer), location);

    public void Stop(ushort layer, LayerStop reason) => Trace?.Stop(NumberOf(layer), reason);

    public void LearnMarks()
    {
    }

    public Errno TakeUpper(scoped LayerEntry file, in Statx stat) => stat.IsDirectory ? TakePart(file, stat) : TakeData(file, stat);

    public Errno TakeDirectory(scoped LayerEntry file, in Statx stat, out bool merges)
    {
        merges = true;
        return TakePart(file, stat);
    }

    public Errno TakeFile(scoped LayerEntry file, in Statx stat, bool isMetacopy) => TakeData(file, stat);

    /// <summary>A broken entry is compared by its place and its attributes only, so the place needs no descriptor of its own.</summary>
    public void Refuse(scoped LayerEntry file, in Statx stat) =>
        _found ??= new ViewEntry(_walked) { Stat = stat, Top = new ViewPlace(NumberOf(file), file.Directory, file.Name.ToArray()) };

    public void TakeRedirect(byte[] redirect) => Trace?.TakeRedirect(redirect);

    public void NoteXattrWhiteouts(ushort layer)
    {
    }

    /// <summary>A metacopy of which no data-only layer has the data is there, but cannot be read.</summary>
    public Errno TakeDataLayer(byte[] path)
    {
        Errno error = DataLayers.Open(layers.DataOnly, path, OpenFlags.Path, out Fd file);
        _found!.IsBroken = error == Errno.ENOENT;
        if (error != Errno.None)
            return _found.IsBroken ? Errno.None : error;
        _walked.Add(file);
        _found.Data = new ViewPlace(ViewLayers.DataLayer, file, [0]);
        Trace?.TakeData(path);
        return Errno.None;
    }

    public void TakeLowerData()
    {
    }

    /// <summary>Only the topmost part keeps its place: the parts themselves have descriptors of their own.</summary>
    private Errno TakePart(scoped LayerEntry file, in Statx stat)
    {
        Errno error;
        if (_found is null)
        {
            if ((error = PlaceOf(file, out ViewPlace place)) != Errno.None)
                return error;
            _found = new ViewEntry(_walked) { Stat = stat, Top = place };
        }
        Trace?.Take(NumberOf(file));
        return _found.Parts.Add(new ViewPart(NumberOf(file), file.Location ?? name), file.Directory, file.Name);
    }

    private Errno TakeData(scoped LayerEntry file, in Statx stat)
    {
        Errno error;
        if ((error = PlaceOf(file, out ViewPlace place)) != Errno.None)
            return error;
        _found ??= new ViewEntry(_walked) { Stat = stat, Top = place };
        _found.Data = place;
        Trace?.Take(place.Layer);
        return Errno.None;
    }

    /// <summary>The walk of a path closes its directory when it goes on, so the place gets a descriptor of its own.</summary>
    private Errno PlaceOf(scoped LayerEntry file, out ViewPlace place)
    {
        Fd directory = file.Directory;
        Errno error = Errno.None;
        if (file.Location is [(byte)'/', ..] && (error = Sys.OpenAt(directory, Name.Dot, ViewDirectory.Flags, out directory)) == Errno.None)
            _walked.Add(directory);
        place = new ViewPlace(NumberOf(file), directory, file.Name.ToArray());
        return error;
    }

    private static int NumberOf(scoped LayerEntry file) => NumberOf(file.Layer);

    private static int NumberOf(ushort layer) => layer == Limits.NoLayer ? 0 : layer + 1;
}
