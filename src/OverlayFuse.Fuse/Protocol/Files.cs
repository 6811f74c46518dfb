using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>FUSE_OPEN_*.</summary>
[Flags]
public enum OpenRequestFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_OPEN_KILL_SUIDGID: O_TRUNC clears set-uid and set-gid, which this caller may not keep (HANDLE_KILLPRIV_V2).</summary>
    KillSuidGid = 1,
}

/// <summary>FOPEN_*.</summary>
[Flags]
public enum OpenReplyFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FOPEN_DIRECT_IO: no page cache for this open file.</summary>
    DirectIo = 1 << 0,
    /// <summary>FOPEN_KEEP_CACHE: the cached data of the inode stay valid.</summary>
    KeepCache = 1 << 1,
    /// <summary>FOPEN_NONSEEKABLE.</summary>
    NonSeekable = 1 << 2,
    /// <summary>FOPEN_CACHE_DIR: the kernel may cache the listing of this directory.</summary>
    CacheDir = 1 << 3,
    /// <summary>FOPEN_STREAM: no file position.</summary>
    Stream = 1 << 4,
    /// <summary>FOPEN_NOFLUSH (7.35): no FLUSH at close.</summary>
    NoFlush = 1 << 5,
    /// <summary>FOPEN_PARALLEL_DIRECT_WRITES (7.38).</summary>
    ParallelDirectWrites = 1 << 6,
    /// <summary>FOPEN_PASSTHROUGH (7.40): the kernel reads and writes the backing file itself.</summary>
    Passthrough = 1 << 7,
}

/// <summary>struct fuse_open_in.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct OpenIn
{
    /// <summary>As in open(2), less O_CREAT, O_EXCL and O_NOCTTY; O_TRUNC with ATOMIC_O_TRUNC only.</summary>
    public KernelOpenFlags Flags;
    /// <summary>Flags of the request.</summary>
    public OpenRequestFlags RequestFlags;
}

/// <summary>struct fuse_create_in: then the name.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CreateIn
{
    /// <summary>As in open(2).</summary>
    public KernelOpenFlags Flags;
    /// <summary>Permission bits with S_IFREG; the umask is applied already unless DONT_MASK was granted.</summary>
    public uint Mode;
    /// <summary>umask of the caller.</summary>
    public uint UMask;
    /// <summary>Flags of the request.</summary>
    public OpenRequestFlags RequestFlags;
}

/// <summary>struct fuse_open_out.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct OpenOut
{
    /// <summary>Comes back with each operation on the open file.</summary>
    public HandleId Fh;
    /// <summary>How the kernel may treat the open file.</summary>
    public OpenReplyFlags Flags;
    /// <summary>With FOPEN_PASSTHROUGH: the answer of BACKING_OPEN.</summary>
    public int BackingId;
}

/// <summary>FUSE_RELEASE_*.</summary>
[Flags]
public enum ReleaseFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_RELEASE_FLUSH.</summary>
    Flush = 1,
    /// <summary>FUSE_RELEASE_FLOCK_UNLOCK.</summary>
    FlockUnlock = 2,
}

/// <summary>struct fuse_release_in.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ReleaseIn
{
    /// <summary>The open file.</summary>
    public HandleId Fh;
    /// <summary>As it was opened.</summary>
    public KernelOpenFlags Flags;
    /// <summary>Flags of the request.</summary>
    public ReleaseFlags ReleaseFlags;
    /// <summary>Owner of flock(2) locks.</summary>
    public ulong LockOwner;
}

/// <summary>struct fuse_flush_in.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FlushIn
{
    /// <summary>The open file.</summary>
    public HandleId Fh;
    /// <summary>Zero.</summary>
    public uint Unused;
    /// <summary>Zero.</summary>
    public uint Padding;
    /// <summary>Owner of POSIX locks.</summary>
    public ulong LockOwner;
}

/// <summary>FUSE_READ_*.</summary>
[Flags]
public enum ReadFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_READ_LOCKOWNER: the lock owner is valid.</summary>
    LockOwner = 2,
}

/// <summary>struct fuse_read_in: READ, READDIR, READDIRPLUS.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ReadIn
{
    /// <summary>The open file or directory.</summary>
    public HandleId Fh;
    /// <summary>Byte offset; for a directory an offset that an entry was given, or 0.</summary>
    public ulong Offset;
    /// <summary>Most bytes to answer.</summary>
    public uint Size;
    /// <summary>The valid fields.</summary>
    public ReadFlags ReadFlags;
    /// <summary>Owner of POSIX locks.</summary>
    public ulong LockOwner;
    /// <summary>The flags of the open file, with the changes of fcntl(2).</summary>
    public KernelOpenFlags Flags;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>FUSE_WRITE_*.</summary>
[Flags]
public enum WriteFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_WRITE_CACHE: delayed, from the page cache; handle and caller are guessed.</summary>
    Cache = 1,
    /// <summary>FUSE_WRITE_LOCKOWNER: the lock owner is valid.</summary>
    LockOwner = 2,
    /// <summary>FUSE_WRITE_KILL_SUIDGID: clear set-uid, and set-gid of a group-executable file (HANDLE_KILLPRIV_V2).</summary>
    KillSuidGid = 4,
}

/// <summary>struct fuse_write_in: then the data.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WriteIn
{
    /// <summary>The open file.</summary>
    public HandleId Fh;
    /// <summary>Byte offset.</summary>
    public ulong Offset;
    /// <summary>Length of the data.</summary>
    public uint Size;
    /// <summary>How.</summary>
    public WriteFlags WriteFlags;
    /// <summary>Owner of POSIX locks.</summary>
    public ulong LockOwner;
    /// <summary>The flags of the open file, with the changes of fcntl(2).</summary>
    public KernelOpenFlags Flags;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_write_out: reply to WRITE and COPY_FILE_RANGE.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WriteOut
{
    /// <summary>Bytes written.</summary>
    public uint Size;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>FUSE_FSYNC_*.</summary>
[Flags]
public enum FSyncFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_FSYNC_FDATASYNC.</summary>
    DataOnly = 1,
}

/// <summary>struct fuse_fsync_in: FSYNC and FSYNCDIR.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FSyncIn
{
    /// <summary>The open file or directory.</summary>
    public HandleId Fh;
    /// <summary>How.</summary>
    public FSyncFlags Flags;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_fallocate_in.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FAllocateIn
{
    /// <summary>The open file.</summary>
    public HandleId Fh;
    /// <summary>Byte offset.</summary>
    public ulong Offset;
    /// <summary>Bytes.</summary>
    public ulong Length;
    /// <summary>FALLOC_FL_* of fallocate(2).</summary>
    public uint Mode;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_lseek_in.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LSeekIn
{
    /// <summary>The open file.</summary>
    public HandleId Fh;
    /// <summary>Byte offset.</summary>
    public ulong Offset;
    /// <summary>SEEK_DATA or SEEK_HOLE.</summary>
    public Whence Whence;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_lseek_out.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct LSeekOut
{
    /// <summary>Byte offset.</summary>
    public ulong Offset;
}

/// <summary>struct fuse_copy_file_range_in: from the header's inode to another.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CopyFileRangeIn
{
    /// <summary>Open file to read from.</summary>
    public HandleId InputFh;
    /// <summary>Byte offset there.</summary>
    public ulong InputOffset;
    /// <summary>The inode to write to.</summary>
    public NodeId OutputNode;
    /// <summary>Open file to write to.</summary>
    public HandleId OutputFh;
    /// <summary>Byte offset there.</summary>
    public ulong OutputOffset;
    /// <summary>Bytes.</summary>
    public ulong Length;
    /// <summary>Of copy_file_range(2), zero.</summary>
    public ulong Flags;
}

/// <summary>struct fuse_copy_file_range_out (7.45).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CopyFileRangeOut
{
    /// <summary>Bytes copied.</summary>
    public ulong BytesCopied;
}
