using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Operations;

/// <summary>What one of MKNOD, MKDIR, SYMLINK and CREATE makes.</summary>
internal readonly ref struct Creation
{
    /// <summary>Type and permission bits as the caller asked.</summary>
    public required uint Mode { get; init; }

    /// <summary>The caller's umask; applies where the directory has no default ACL.</summary>
    public uint UMask { get; init; }

    public ulong Rdev { get; init; }

    /// <summary>Whose it is to be, with ids as on disk.</summary>
    public Caller Owner { get; init; }

    /// <summary>Of a symbolic link.</summary>
    public Name Target { get; init; }

    /// <summary>The file is to be opened too.</summary>
    public bool Open { get; init; }

    public FileType Type => (FileType)(Mode & (uint)FileType.Mask);

    public bool IsDirectory => Type == FileType.Directory;

    public bool IsDevice => Type is FileType.CharacterDevice or FileType.BlockDevice;

    /// <summary>Makes it.</summary>
    /// <param name="directory">Where.</param>
    /// <param name="name">Its name.</param>
    /// <param name="mode">The mode after umask; ACLs are the file system's own business.</param>
    /// <param name="opened">The open file, if it is to be opened.</param>
    public Errno MakeAt(Fd directory, Name name, uint mode, out Fd opened)
    {
        opened = Fd.None;
        const OpenFlags flags = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
        return Type switch
        {
            FileType.Directory => Sys.MkDirAt(directory, name, mode & 0xFFF),
            FileType.SymLink => Sys.SymLinkAt(Target, directory, name),
            FileType.Regular when Open => Sys.OpenAt(directory, name, flags, out opened, mode & 0xFFF),
            _ => Sys.MkNodAt(directory, name, mode, Rdev),
        };
    }
}
