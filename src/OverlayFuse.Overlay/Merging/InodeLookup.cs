using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;

namespace OverlayFuse.Overlay.Merging;

/// <summary>The lookup of a mount: borrows the directories of an inode, and keeps the result for the inode that is found or made.</summary>
/// <param name="view">The merged view.</param>
/// <param name="parent">The directory.</param>
/// <param name="name">The name.</param>
internal ref partial struct InodeLookup(MergedView view, Inode parent, Name name) : ILookupTarget
{
    private readonly MergedView _view = view;
    private readonly Inode _parent = parent;
    private readonly Name _name = name;
    private Inode _base = parent;
    private LowerParts _parts = parent.Directory!.Parts;

    /// <summary>The result. The caller resets it before the lookup.</summary>
    public Resolved Found;

    public readonly bool HasUpper => _parent.HasUpper;

    public readonly bool HasLowers => _parent.Directory!.Lowers.Length > 0;

    public readonly ref Known UpperMarks => ref _parent.Directory!.UpperMarks;

    public readonly int Count => _parts.Layers.Length;

    public readonly ushort Lowest => _view.Inodes.Root.Directory!.Lowers[^1];

    public readonly bool HasFound => Found.Exists;

    public readonly bool HasFoundLower => !Found.Lowers.IsEmpty;

    public bool IsMetacopy
    {
        readonly get => Found.IsMetacopy;
        set => Found.IsMetacopy = value;
    }

    public readonly Errno BorrowUpper(out BorrowedFd directory) => _view.Directories.BorrowUpper(_parent, out directory);

    public void EnterLowers() => _parts = _base.Directory!.Parts;

    public bool LeaveForRoot()
    {
        if (ReferenceEquals(_base, _view.Inodes.Root))
            return false;
        _base = _view.Inodes.Root;
        EnterLowers();
        return true;
    }

    /// <summary>
    /// Where no redirect is followed, the directory knows which layers have the name. It learns that by a listing of all its layers:
    /// not for a name that was found already, and not for the first few names.
    /// </summary>
    public readonly int Next(int index, bool isOwnName)
    {
        bool isWorthIt = isOwnName && index > 0 && index < _parts.Layers.Length && _parts.NoteLook();
        LowerNames? names = isWorthIt ? _view.LowerNames.Of(_base, _parts) : isOwnName ? _parts.Names : null;
        return names is null ? index : names.Next(_name, index, _parts.Layers.Length);
    }

    public readonly ushort LayerOf(int index) => _parts.Layers[index];

    public readonly int IndexOf(ushort layer) => Array.IndexOf(_parts.Layers, layer);

    public readonly Errno BorrowLower(int index, out BorrowedFd directory) =>
        _view.Directories.BorrowLower(_base, _parts, index, out directory);

    public readonly ref Known LowerMarks(int index) => ref _parts.HasAufsWhiteouts[index];

    /// <summary>One listing tells the marks and the names.</summary>
    public readonly void Enter(ushort layer, byte[]? location)
    {
    }

    public readonly void Stop(ushort layer, LayerStop reason)
    {
    }

    public readonly void LearnMarks() => _ = _view.LowerNames.Of(_base, _base.Directory!.Parts);

    public Errno TakeUpper(scoped LayerEntry file, in Statx stat)
    {
        Found.Exists = Found.HasUpper = true;
        Found.Stat = stat;
        Found.Ino = _view.Inos.Map(stat.Dev, stat.Ino);
        if (stat.IsDirectory)
            return Errno.None;
        Errno error;
        if (_view.Impure.Is(_parent, file.Directory) && (error = ReadOrigin(file.Directory)) != Errno.None)
            return error;
        return Found.HasOrigin && stat.Nlink > 1 ? TakeUpperIndex(file.Directory) : Errno.None;
    }

    public Errno TakeDirectory(scoped LayerEntry file, in Statx stat, out bool merges)
    {
        merges = true;
        Errno error;
        bool isIndexed = _view.Index is { IsComplete: true } && Found.Lowers.IsEmpty;
        if (isIndexed && (error = TakeDirectoryIndex(file, out merges)) != Errno.None)
            return error;
        if (merges)
            TakeLower(file, stat);
        return Errno.None;
    }

    public Errno TakeFile(scoped LayerEntry file, in Statx stat, bool isMetacopy)
    {
        // Of a chain of metacopies, the top and the data count.
        bool isIntermediate = isMetacopy && !Found.Lowers.IsEmpty;
        if (!isIntermediate)
            TakeLower(file, stat);
        bool mayBeIndexed = !Found.HasUpper && _view.Index is { } index && (stat.Nlink > 1 || index.IsComplete);
        return mayBeIndexed ? LookInIndex(file, stat, isMetacopy) : Errno.None;
    }

    public readonly void Refuse(scoped LayerEntry file, in Statx stat)
    {
    }

    public void TakeRedirect(byte[] redirect)
    {
        if (Found.HasUpper && Found.Lowers.IsEmpty)
            Found.Redirect = redirect;
    }

    public void NoteXattrWhiteouts(ushort layer) => Found.HasXattrWhiteouts = _view.Layers.Lowers[layer].HasXattrWhiteouts = true;

    public Errno TakeDataLayer(byte[] path)
    {
        Found.Data = new LowerData(Limits.NoLayer, path) { Redirect = Found.Redirect };
        return Errno.None;
    }

    public void TakeLowerData()
    {
        ushort layer = Found.Lowers[^1];
        byte[] path = InodePath.InLayer(_parent, layer, Found.LastLocation is { } at ? new Name(at) : _name);
        Found.Data = new LowerData(layer, path) { Redirect = Found.Redirect };
    }

    private void TakeLower(scoped LayerEntry file, in Statx stat)
    {
        if (!Found.Exists)
            Found.Stat = stat;
        // A merged directory also shows the number of its topmost lower part, as before its copy-up.
        bool isTop = Found.Lowers.IsEmpty;
        if (isTop && (!Found.HasUpper || stat.IsDirectory))
            Found.Ino = _view.Inos.Map(stat.Dev, stat.Ino);
        Found.Exists = true;
        Found.AddLower(file.Layer, file.Location);
    }

    private Errno ReadOrigin(Fd directory)
    {
        ulong ino = Found.Ino;
        Errno error = _view.Origin.Read(directory, _name, Found.Stat.Type, ref ino, out bool hasOrigin);
        Found.Ino = ino;
        Found.HasOrigin |= hasOrigin;
        return error;
    }
}
