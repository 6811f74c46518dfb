namespace OverlayFuse.Linux;

/// <summary>O_* of open(2), with the numbers of x86_64 on every processor; see <see cref="KernelOpenFlags"/>.</summary>
[Flags]
public enum OpenFlags
{
    /// <summary>O_RDONLY.</summary>
    ReadOnly = 0,

    /// <summary>O_WRONLY.</summary>
    WriteOnly = 1,

    /// <summary>O_RDWR.</summary>
    ReadWrite = 2,

    /// <summary>O_ACCMODE.</summary>
    AccessMode = 3,

    /// <summary>O_CREAT.</summary>
    Create = 0x40,

    /// <summary>O_EXCL.</summary>
    Exclusive = 0x80,

    /// <summary>O_TRUNC.</summary>
    Truncate = 0x200,

    /// <summary>O_APPEND.</summary>
    Append = 0x400,

    /// <summary>O_NONBLOCK.</summary>
    NonBlock = 0x800,

    /// <summary>O_DIRECT.</summary>
    Direct = 0x4000,

    /// <summary>O_LARGEFILE.</summary>
    LargeFile = 0x8000,

    /// <summary>O_DIRECTORY.</summary>
    Directory = 0x10000,

    /// <summary>O_NOFOLLOW.</summary>
    NoFollow = 0x20000,

    /// <summary>O_NOATIME.</summary>
    NoAccessTime = 0x40000,

    /// <summary>O_CLOEXEC.</summary>
    CloseOnExec = 0x80000,

    /// <summary>O_PATH.</summary>
    Path = 0x200000,

    /// <summary>O_TMPFILE.</summary>
    TmpFile = 0x400000 | Directory,
}

/// <summary>AT_* of the *at calls.</summary>
[Flags]
public enum AtFlags
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>AT_SYMLINK_NOFOLLOW.</summary>
    SymLinkNoFollow = 0x100,

    /// <summary>AT_REMOVEDIR.</summary>
    RemoveDirectory = 0x200,

    /// <summary>AT_SYMLINK_FOLLOW.</summary>
    SymLinkFollow = 0x400,

    /// <summary>AT_NO_AUTOMOUNT.</summary>
    NoAutomount = 0x800,

    /// <summary>AT_EMPTY_PATH.</summary>
    EmptyPath = 0x1000,

    /// <summary>AT_STATX_DONT_SYNC.</summary>
    StatxDontSync = 0x4000,

    /// <summary>AT_RECURSIVE.</summary>
    Recursive = 0x8000,
}

/// <summary>RENAME_* of renameat2(2).</summary>
[Flags]
public enum RenameFlags : uint
{
    /// <summary>Plain rename: replaces.</summary>
    None = 0,

    /// <summary>RENAME_NOREPLACE.</summary>
    NoReplace = 1,

    /// <summary>RENAME_EXCHANGE.</summary>
    Exchange = 2,

    /// <summary>RENAME_WHITEOUT.</summary>
    Whiteout = 4,
}

/// <summary>XATTR_CREATE and XATTR_REPLACE of setxattr(2).</summary>
[Flags]
public enum XattrFlags
{
    /// <summary>Create or replace.</summary>
    None = 0,

    /// <summary>XATTR_CREATE.</summary>
    Create = 1,

    /// <summary>XATTR_REPLACE.</summary>
    Replace = 2,
}

/// <summary>SEEK_* of lseek(2).</summary>
public enum Whence
{
    /// <summary>SEEK_SET.</summary>
    Set = 0,

    /// <summary>SEEK_CUR.</summary>
    Current = 1,

    /// <summary>SEEK_END.</summary>
    End = 2,

    /// <summary>SEEK_DATA.</summary>
    Data = 3,

    /// <summary>SEEK_HOLE.</summary>
    Hole = 4,
}
