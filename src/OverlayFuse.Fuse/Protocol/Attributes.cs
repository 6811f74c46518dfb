using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>struct fuse_attr: the fields of stat(2).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Attr
{
    /// <summary>st_ino.</summary>
    public ulong Ino;
    /// <summary>Bytes.</summary>
    public ulong Size;
    /// <summary>Allocated blocks of 512 bytes.</summary>
    public ulong Blocks;
    /// <summary>Seconds since 1970; negative ones in two's complement.</summary>
    public ulong Atime;
    /// <summary>Seconds since 1970.</summary>
    public ulong Mtime;
    /// <summary>Seconds since 1970.</summary>
    public ulong Ctime;
    /// <summary>Nanoseconds.</summary>
    public uint AtimeNsec;
    /// <summary>Nanoseconds.</summary>
    public uint MtimeNsec;
    /// <summary>Nanoseconds.</summary>
    public uint CtimeNsec;
    /// <summary>Type and permission bits.</summary>
    public uint Mode;
    /// <summary>Number of links.</summary>
    public uint Nlink;
    /// <summary>Owner.</summary>
    public uint Uid;
    /// <summary>Group.</summary>
    public uint Gid;
    /// <summary>Device number of a device node, in the kernel's 32-bit encoding (new_encode_dev).</summary>
    public uint Rdev;
    /// <summary>Preferred block size, bytes.</summary>
    public uint BlkSize;
    /// <summary>Kind of inode.</summary>
    public AttrFlags Flags;

    /// <summary><see cref="Atime"/> and <see cref="AtimeNsec"/>: the last access.</summary>
    public TimeSpec Accessed
    {
        readonly get => new((long)Atime, AtimeNsec);
        set => (Atime, AtimeNsec) = ((ulong)value.Seconds, (uint)value.Nanoseconds);
    }

    /// <summary><see cref="Mtime"/> and <see cref="MtimeNsec"/>: the last change of the content.</summary>
    public TimeSpec Modified
    {
        readonly get => new((long)Mtime, MtimeNsec);
        set => (Mtime, MtimeNsec) = ((ulong)value.Seconds, (uint)value.Nanoseconds);
    }

    /// <summary><see cref="Ctime"/> and <see cref="CtimeNsec"/>: the last change of content or attributes.</summary>
    public TimeSpec Changed
    {
        readonly get => new((long)Ctime, CtimeNsec);
        set => (Ctime, CtimeNsec) = ((ulong)value.Seconds, (uint)value.Nanoseconds);
    }
}

/// <summary>FUSE_ATTR_*.</summary>
[Flags]
public enum AttrFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_ATTR_SUBMOUNT.</summary>
    SubMount = 1,
    /// <summary>FUSE_ATTR_DAX.</summary>
    Dax = 2,
}

/// <summary>struct fuse_attr_out: reply to GETATTR and SETATTR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AttrOut
{
    /// <summary>Attribute timeout, seconds.</summary>
    public ulong AttrValid;
    /// <summary>Attribute timeout, nanoseconds.</summary>
    public uint AttrValidNsec;
    /// <summary>Zero.</summary>
    public uint Dummy;
    /// <summary>The attributes.</summary>
    public Attr Attr;
}

/// <summary>FUSE_GETATTR_*.</summary>
[Flags]
public enum GetAttrFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_GETATTR_FH: the handle is valid.</summary>
    Handle = 1,
}

/// <summary>struct fuse_getattr_in.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GetAttrIn
{
    /// <summary>Tells if <see cref="Fh"/> is valid.</summary>
    public GetAttrFlags Flags;
    /// <summary>Zero.</summary>
    public uint Dummy;
    /// <summary>Open file, when there is one.</summary>
    public HandleId Fh;
}

/// <summary>FATTR_*.</summary>
[Flags]
public enum SetAttrValid : uint
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>FATTR_MODE.</summary>
    Mode = 1 << 0,
    /// <summary>FATTR_UID.</summary>
    Uid = 1 << 1,
    /// <summary>FATTR_GID.</summary>
    Gid = 1 << 2,
    /// <summary>FATTR_SIZE.</summary>
    Size = 1 << 3,
    /// <summary>FATTR_ATIME.</summary>
    Atime = 1 << 4,
    /// <summary>FATTR_MTIME.</summary>
    Mtime = 1 << 5,
    /// <summary>FATTR_FH: the handle is valid.</summary>
    Handle = 1 << 6,
    /// <summary>FATTR_ATIME_NOW: the server's clock, comes together with <see cref="Atime"/>.</summary>
    AtimeNow = 1 << 7,
    /// <summary>FATTR_MTIME_NOW: the server's clock, comes together with <see cref="Mtime"/>.</summary>
    MtimeNow = 1 << 8,
    /// <summary>FATTR_LOCKOWNER: the lock owner is valid.</summary>
    LockOwner = 1 << 9,
    /// <summary>FATTR_CTIME: with WRITEBACK_CACHE only.</summary>
    Ctime = 1 << 10,
    /// <summary>FATTR_KILL_SUIDGID: clear set-uid, and set-gid of a group-executable file (HANDLE_KILLPRIV_V2).</summary>
    KillSuidGid = 1 << 11,
}

/// <summary>struct fuse_setattr_in.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SetAttrIn
{
    /// <summary>Which of the fields count.</summary>
    public SetAttrValid Valid;
    /// <summary>Zero.</summary>
    public uint Padding;
    /// <summary>Open file, when there is one.</summary>
    public HandleId Fh;
    /// <summary>New size, bytes.</summary>
    public ulong Size;
    /// <summary>Owner of POSIX locks.</summary>
    public ulong LockOwner;
    /// <summary>Seconds since 1970.</summary>
    public ulong Atime;
    /// <summary>Seconds since 1970.</summary>
    public ulong Mtime;
    /// <summary>Seconds since 1970.</summary>
    public ulong Ctime;
    /// <summary>Nanoseconds.</summary>
    public uint AtimeNsec;
    /// <summary>Nanoseconds.</summary>
    public uint MtimeNsec;
    /// <summary>Nanoseconds.</summary>
    public uint CtimeNsec;
    /// <summary>Permission bits, with the type.</summary>
    public uint Mode;
    /// <summary>Zero.</summary>
    public uint Unused4;
    /// <summary>Owner.</summary>
    public uint Uid;
    /// <summary>Group.</summary>
    public uint Gid;
    /// <summary>Zero.</summary>
    public uint Unused5;
}

/// <summary>struct fuse_statx_in (7.39).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct StatxIn
{
    /// <summary>Tells if <see cref="Fh"/> is valid.</summary>
    public GetAttrFlags Flags;
    /// <summary>Zero.</summary>
    public uint Reserved;
    /// <summary>Open file, when there is one.</summary>
    public HandleId Fh;
    /// <summary>AT_STATX_* of the call.</summary>
    public uint SxFlags;
    /// <summary>The wanted fields.</summary>
    public StatxMask SxMask;
}

/// <summary>struct fuse_statx_out (7.39).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct StatxOut
{
    /// <summary>Attribute timeout, seconds.</summary>
    public ulong AttrValid;
    /// <summary>Attribute timeout, nanoseconds.</summary>
    public uint AttrValidNsec;
    /// <summary>Zero.</summary>
    public uint Flags;
    /// <summary>Zero.</summary>
    public ulong Spare0;
    /// <summary>Zero.</summary>
    public ulong Spare1;
    /// <summary>struct fuse_statx, which has the layout of statx(2)'s.</summary>
    public Statx Stat;
}

/// <summary>struct fuse_kstatfs: reply to STATFS.</summary>
[StructLayout(LayoutKind.Sequential, Size = 80)]
public struct KStatFs
{
    /// <summary>Blocks in all, of <see cref="FrSize"/> bytes.</summary>
    public ulong Blocks;
    /// <summary>Free blocks.</summary>
    public ulong BFree;
    /// <summary>Free blocks for ordinary users.</summary>
    public ulong BAvail;
    /// <summary>Inodes in all.</summary>
    public ulong Files;
    /// <summary>Free inodes.</summary>
    public ulong FFree;
    /// <summary>Preferred block size, bytes.</summary>
    public uint BSize;
    /// <summary>Longest name, bytes.</summary>
    public uint NameLen;
    /// <summary>Unit of the block counts, bytes.</summary>
    public uint FrSize;
    /// <summary>Zero.</summary>
    public uint Padding;
}
