using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Overlay.Owners;

/// <summary>The file that a MKNOD, MKDIR, SYMLINK or CREATE asks for.</summary>
internal readonly ref struct Creation
{
    /// <summary>Type and permission bits that the caller asks for.</summary>
    public required uint Mode { get; init; }

    /// <summary>The caller's umask. It applies if the directory has no default ACL.</summary>
    public uint UMask { get; init; }

    public ulong Rdev { get; init; }

    /// <summary>The owner of the file, with ids as on disk.</summary>
    public Caller Owner { get; init; }

    /// <summary>The target of a symbolic link.</summary>
    public Name Target { get; init; }

    /// <summary>True if the file is opened too.</summary>
    public bool Open { get; init; }

    public FileType Type => (FileType)(Mode & (uint)FileType.Mask);

    public bool IsDirectory => Type == FileType.Directory;

    public bool IsDevice => Type is FileType.CharacterDevice or FileType.BlockDevice;

    /// <summary>Creates the file.</summary>
    /// <param name="directory">The directory that gets it.</param>
    /// <param name="name">Its name there.</param>
    /// <param name="mode">The mode after umask. The real file system applies default ACLs itself.</param>
    /// <param name="opened">The open file, if <see cref="Open"/> asks for it.</param>
    public Errno MakeAt(Fd directory, Name name, uint mode, out Fd opened)
    {
        opened = Fd.None;
        const OpenFlags flags = OpenFlags.ReadWrite | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.NoFollow;
        return Type switch
        {
            FileType.Directory => Sys.MkDirAt(directory, name, mode & Permissions.All),
            FileType.SymLink => Sys.SymLinkAt(Target, directory, name),
            FileType.Regular when Open => Sys.OpenAt(directory, name, flags, out opened, mode & Permissions.All),
            _ => Sys.MkNodAt(directory, name, mode, Rdev),
        };
    }
}
