using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// All but the data of a copy-up: owner, xattrs with ACLs and capabilities, mode, origin, times. The owner comes first, because a change
/// of owner clears set-uid bits and capabilities; the times last.
/// </summary>
internal readonly ref struct CopyUpMetadata
{
    private readonly MergedView _view;
    private readonly FoundFile _lower;
    private readonly Statx _stat;
    private readonly Fd _directory;
    private readonly Name _name;

    public CopyUpMetadata(MergedView view, in FoundFile lower, in Statx stat, in WorkEntry entry)
    {
        _view = view;
        _lower = lower;
        _stat = stat;
        _directory = entry.Directory;
        _name = entry.Name;
    }

    /// <summary>The copy has less data than the lower file: that is a change, whatever becomes of the truncation that wanted it.</summary>
    public bool IsCut { get; init; }

    /// <summary>All of it, for the copy of a lower inode.</summary>
    public Errno Copy(Inode inode)
    {
        bool hasOrigin = inode.IsDirectory || _stat.Nlink == 1 || inode.Index is not null; // broken hard links must not share a number (ovl_do_copy_up)
        Errno error = hasOrigin ? WriteOrigin(inode) : Errno.None;
        if (error == Errno.None && ProtectionXattr.OfRealFile(_view.Layers, _stat) is not Protection.None and var protection)
            error = ProtectionXattr.Write(_view.Xattrs, _directory, _name, protection);
        return error == Errno.None ? CopyAttributes() : error;
    }

    /// <summary>All but the origin.</summary>
    public Errno CopyAttributes()
    {
        Errno error;
        if ((error = _view.Owners.GiveCopyOwner(_directory, _name, _stat, out bool isKept)) != Errno.None)
            return error;
        if ((error = XattrCopy.CopyAll(_lower.Directory, _lower.Name, _directory, _name, _view.Xattrs)) != Errno.None)
            return error;
        if ((error = _view.Owners.GiveCopyMode(_directory, _name, _stat, isKept)) != Errno.None)
            return error;
        return Sys.UTimeNsAt(_directory, _name, _stat.Atime.ToTimeSpec(), IsCut ? TimeSpec.Now : _stat.Mtime.ToTimeSpec());
    }

    private Errno WriteOrigin(Inode inode)
    {
        ushort layer = inode.IsDirectory ? inode.Directory!.Lowers[0] : inode.LowerLayer;
        Span<byte> value = stackalloc byte[Origin.MaxSize];
        int length = Origin.Encode(_view.Layers.Lowers[layer], _lower.Directory, _lower.Name, value);
        Errno error = Sys.SetXattrAt(_directory, _name, _view.Xattrs.Origin, value[..length]);
        return error is Errno.EPERM && _view.Xattrs.IsUser ? Errno.None : error; // user.* is not for symlinks and devices
    }
}
