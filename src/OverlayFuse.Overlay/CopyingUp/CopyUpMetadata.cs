using OverlayFuse.Linux;
using OverlayFuse.Overlay.Inodes;
using OverlayFuse.Overlay.Marks;
using OverlayFuse.Overlay.OpenFiles;
using OverlayFuse.Overlay.Operations;
using OverlayFuse.Overlay.Work;

namespace OverlayFuse.Overlay.CopyingUp;

/// <summary>
/// All but the data of a copy-up: owner, xattrs with ACLs and capabilities, mode, origin, times. The owner comes first, because a change
/// of owner clears set-uid bits and capabilities; the times last.
/// </summary>
internal readonly ref struct CopyUpMetadata
{
    private readonly OverlayFileSystem _fileSystem;
    private readonly RealName _lower;
    private readonly Statx _stat;
    private readonly Fd _directory;
    private readonly Name _name;

    public CopyUpMetadata(OverlayFileSystem fileSystem, in RealName lower, in Statx stat, in WorkEntry entry)
    {
        _fileSystem = fileSystem;
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
        if (error == Errno.None && _fileSystem.Layers.ProtectionOf(_stat) is not Protection.None and var protection)
            error = ProtectionXattr.Write(_fileSystem.Xattrs, _directory, _name, protection);
        return error == Errno.None ? CopyAttributes() : error;
    }

    /// <summary>All but the origin.</summary>
    public Errno CopyAttributes()
    {
        bool isKept = KeepsOwner();
        Errno error = isKept ? Errno.None : CopyOwner(out isKept);
        if (error != Errno.None)
            return error;
        if (XattrCopy.CopyAll(_lower.Directory, _lower.Name, _directory, _name, _fileSystem.Xattrs) is not Errno.None and var unmarked)
            return unmarked;
        if (isKept)
            error = _fileSystem.SettleCopy(_directory, _name, _stat);
        if (error != Errno.None)
            return error;
        if (!isKept && _stat.Type != FileType.SymLink && Sys.FChModAt(_directory, _name, _stat.Permissions) is not Errno.None and var refused)
            return refused;
        return Sys.UTimeNsAt(_directory, _name, _stat.Atime.ToTimeSpec(), IsCut ? TimeSpec.Now : _stat.Mtime.ToTimeSpec());
    }

    /// <summary>Owner and mode go into an xattr: all do, or what was made only stands for a device.</summary>
    private bool KeepsOwner() => _fileSystem.Overrides is { } overrides
        && (overrides.IsAlways || (_stat.Type is FileType.CharacterDevice or FileType.BlockDevice && !IsDevice()));

    private bool IsDevice() => Sys.StatxAt(_directory, _name, out Statx made, StatxMask.Type) == Errno.None && made.Type == _stat.Type;

    private Errno CopyOwner(out bool isKept)
    {
        Errno error = Sys.FChownAt(_directory, _name, _stat.Uid, _stat.Gid);
        isKept = error == Errno.EPERM && _fileSystem.Overrides is not null; // not an ordinary user's to give away
        return error switch
        {
            Errno.EINVAL => Errno.EOVERFLOW, // an id that this user namespace does not have
            Errno.EPERM when isKept => Errno.None,
            _ => error,
        };
    }

    private Errno WriteOrigin(Inode inode)
    {
        ushort layer = inode.IsDirectory ? inode.Directory!.Lowers[0] : inode.LowerLayer;
        Span<byte> value = stackalloc byte[Origin.MaxSize];
        int length = Origin.Encode(_fileSystem.Layers.Lowers[layer], _lower.Directory, _lower.Name, value);
        Errno error = Sys.SetXattrAt(_directory, _name, _fileSystem.Xattrs.Origin, value[..length]);
        return error is Errno.EPERM && _fileSystem.Xattrs.IsUser ? Errno.None : error; // user.* is not for symlinks and devices
    }
}
