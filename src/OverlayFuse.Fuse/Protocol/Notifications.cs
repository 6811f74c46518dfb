using System.Runtime.InteropServices;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>enum fuse_notify_code.</summary>
internal enum NotifyCode
{
    /// <summary>FUSE_NOTIFY_POLL.</summary>
    Poll = 1,
    /// <summary>FUSE_NOTIFY_INVAL_INODE.</summary>
    InvalInode = 2,
    /// <summary>FUSE_NOTIFY_INVAL_ENTRY.</summary>
    InvalEntry = 3,
    /// <summary>FUSE_NOTIFY_STORE.</summary>
    Store = 4,
    /// <summary>FUSE_NOTIFY_RETRIEVE.</summary>
    Retrieve = 5,
    /// <summary>FUSE_NOTIFY_DELETE.</summary>
    Delete = 6,
    /// <summary>FUSE_NOTIFY_RESEND (7.40).</summary>
    Resend = 7,
    /// <summary>FUSE_NOTIFY_INC_EPOCH (7.44).</summary>
    IncEpoch = 8,
    /// <summary>FUSE_NOTIFY_PRUNE (7.45).</summary>
    Prune = 9,
}

/// <summary>struct fuse_notify_inval_inode_out.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NotifyInvalInodeOut
{
    /// <summary>The inode.</summary>
    public NodeId Ino;
    /// <summary>First byte; negative: attributes only.</summary>
    public long Off;
    /// <summary>Bytes; 0 or less: to the end.</summary>
    public long Len;
}

/// <summary>FUSE_EXPIRE_ONLY.</summary>
[Flags]
internal enum NotifyInvalEntryFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_EXPIRE_ONLY (7.38): look it up again before use, but keep it.</summary>
    ExpireOnly = 1,
}

/// <summary>struct fuse_notify_inval_entry_out: then the name with its NUL.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NotifyInvalEntryOut
{
    /// <summary>The directory.</summary>
    public NodeId Parent;
    /// <summary>Length of the name without its NUL.</summary>
    public uint NameLen;
    /// <summary>How.</summary>
    public NotifyInvalEntryFlags Flags;
}

/// <summary>struct fuse_notify_delete_out: then the name with its NUL.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NotifyDeleteOut
{
    /// <summary>The directory.</summary>
    public NodeId Parent;
    /// <summary>The inode that the name had.</summary>
    public NodeId Child;
    /// <summary>Length of the name without its NUL.</summary>
    public uint NameLen;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_notify_store_out: then the data.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NotifyStoreOut
{
    /// <summary>The inode.</summary>
    public NodeId NodeId;
    /// <summary>Byte offset.</summary>
    public ulong Offset;
    /// <summary>Length of the data.</summary>
    public uint Size;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_notify_prune_out (7.45): then that many <see cref="NodeId"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NotifyPruneOut
{
    /// <summary>How many follow.</summary>
    public uint Count;
    /// <summary>Zero.</summary>
    public uint Padding;
    /// <summary>Zero.</summary>
    public ulong Spare;
}
