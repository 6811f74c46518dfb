using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>struct fuse_entry_out: reply to LOOKUP and to whatever makes a name. Each one delivered takes a lookup reference.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct EntryOut
{
    /// <summary>The inode; <see cref="NodeId.None"/> in a reply to LOOKUP is a negative entry.</summary>
    public NodeId NodeId;
    /// <summary>NodeId and generation together never come back for another inode in the life of the mount.</summary>
    public ulong Generation;
    /// <summary>Entry timeout, seconds.</summary>
    public ulong EntryValid;
    /// <summary>Attribute timeout, seconds.</summary>
    public ulong AttrValid;
    /// <summary>Entry timeout, nanoseconds.</summary>
    public uint EntryValidNsec;
    /// <summary>Attribute timeout, nanoseconds.</summary>
    public uint AttrValidNsec;
    /// <summary>The attributes.</summary>
    public Attr Attr;
}

/// <summary>struct fuse_forget_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForgetIn
{
    /// <summary>Lookup references given back.</summary>
    public ulong NLookup;
}

/// <summary>struct fuse_forget_one.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ForgetOne
{
    /// <summary>The inode.</summary>
    public NodeId NodeId;
    /// <summary>Lookup references given back.</summary>
    public ulong NLookup;
}

/// <summary>struct fuse_batch_forget_in: then that many <see cref="ForgetOne"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BatchForgetIn
{
    /// <summary>How many follow.</summary>
    public uint Count;
    /// <summary>Zero.</summary>
    public uint Dummy;
}

/// <summary>struct fuse_mknod_in: then the name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MkNodIn
{
    /// <summary>Type and permission bits; the umask is applied already unless DONT_MASK was granted.</summary>
    public uint Mode;
    /// <summary>Device number, in the kernel's 32-bit encoding (new_encode_dev).</summary>
    public uint Rdev;
    /// <summary>umask of the caller.</summary>
    public uint UMask;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_mkdir_in: then the name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct MkDirIn
{
    /// <summary>Permission bits; the umask is applied already unless DONT_MASK was granted.</summary>
    public uint Mode;
    /// <summary>umask of the caller.</summary>
    public uint UMask;
}

/// <summary>struct fuse_rename_in: then the old and the new name.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RenameIn
{
    /// <summary>Directory of the new name.</summary>
    public NodeId NewDirectory;
}

/// <summary>struct fuse_rename2_in: then the old and the new name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Rename2In
{
    /// <summary>Directory of the new name.</summary>
    public NodeId NewDirectory;
    /// <summary>How; <see cref="RenameFlags.None"/> for RENAME.</summary>
    public RenameFlags Flags;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_link_in: then the new name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LinkIn
{
    /// <summary>The inode that gets another name.</summary>
    public NodeId OldNode;
}

/// <summary>struct fuse_dirent: then the name, without a NUL, padded to 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct Dirent
{
    /// <summary>d_ino.</summary>
    public ulong Ino;
    /// <summary>d_off: where the next READDIR goes on after this entry.</summary>
    public ulong Off;
    /// <summary>Length of the name.</summary>
    public uint NameLen;
    /// <summary>DT_*: the type bits of st_mode, shifted right by 12.</summary>
    public uint Type;
}

/// <summary>struct fuse_direntplus.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct DirentPlus
{
    /// <summary>The answer of LOOKUP for the name.</summary>
    public EntryOut EntryOut;
    /// <summary>The entry, its name follows.</summary>
    public Dirent Dirent;
}
