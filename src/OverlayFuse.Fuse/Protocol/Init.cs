using System.Runtime.InteropServices;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>struct fuse_init_in. Without INIT_EXT (before 7.36) the kernel sends its first 16 bytes only.</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct InitIn
{
    /// <summary>7.</summary>
    public uint Major;
    /// <summary>Newest minor version that the kernel speaks.</summary>
    public uint Minor;
    /// <summary>Most readahead, bytes.</summary>
    public uint MaxReadahead;
    /// <summary>Low half of the offered <see cref="InitFlags"/>.</summary>
    public uint Flags;
    /// <summary>High half.</summary>
    public uint Flags2;

    /// <summary>Length before 7.36.</summary>
    public const int CompatSize = 16;
}

/// <summary>struct fuse_init_out (since 7.23).</summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
public struct InitOut
{
    /// <summary>7.</summary>
    public uint Major;
    /// <summary>The minor version that both speak.</summary>
    public uint Minor;
    /// <summary>Most readahead, bytes.</summary>
    public uint MaxReadahead;
    /// <summary>Low half of the granted <see cref="InitFlags"/>.</summary>
    public uint Flags;
    /// <summary>Most background requests at a time.</summary>
    public ushort MaxBackground;
    /// <summary>The number of background requests above which the kernel holds writers back.</summary>
    public ushort CongestionThreshold;
    /// <summary>Most bytes in a WRITE.</summary>
    public uint MaxWrite;
    /// <summary>Granularity of time stamps, nanoseconds.</summary>
    public uint TimeGran;
    /// <summary>Most pages of the kernel in a request (MAX_PAGES).</summary>
    public ushort MaxPages;
    /// <summary>virtiofs only.</summary>
    public ushort MapAlignment;
    /// <summary>High half of the granted flags.</summary>
    public uint Flags2;
    /// <summary>Passthrough: stacking depth of this file system, 1 or 2.</summary>
    public uint MaxStackDepth;
    /// <summary>REQUEST_TIMEOUT: seconds.</summary>
    public ushort RequestTimeout;
}

/// <summary>FUSE_* flags of INIT, those of flags2 in the upper half.</summary>
[Flags]
public enum InitFlags : ulong
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_ASYNC_READ.</summary>
    AsyncRead = 1ul << 0,
    /// <summary>FUSE_POSIX_LOCKS.</summary>
    PosixLocks = 1ul << 1,
    /// <summary>FUSE_FILE_OPS.</summary>
    FileOps = 1ul << 2,
    /// <summary>FUSE_ATOMIC_O_TRUNC: OPEN with O_TRUNC instead of a SETATTR before it.</summary>
    AtomicOTrunc = 1ul << 3,
    /// <summary>FUSE_EXPORT_SUPPORT: LOOKUP of "." and ".." is answered.</summary>
    ExportSupport = 1ul << 4,
    /// <summary>FUSE_BIG_WRITES.</summary>
    BigWrites = 1ul << 5,
    /// <summary>FUSE_DONT_MASK: the file system applies the umask, so that a default ACL can replace it.</summary>
    DontMask = 1ul << 6,
    /// <summary>FUSE_SPLICE_WRITE.</summary>
    SpliceWrite = 1ul << 7,
    /// <summary>FUSE_SPLICE_MOVE.</summary>
    SpliceMove = 1ul << 8,
    /// <summary>FUSE_SPLICE_READ.</summary>
    SpliceRead = 1ul << 9,
    /// <summary>FUSE_FLOCK_LOCKS.</summary>
    FlockLocks = 1ul << 10,
    /// <summary>FUSE_HAS_IOCTL_DIR.</summary>
    HasIoCtlDir = 1ul << 11,
    /// <summary>FUSE_AUTO_INVAL_DATA.</summary>
    AutoInvalData = 1ul << 12,
    /// <summary>FUSE_DO_READDIRPLUS.</summary>
    DoReadDirPlus = 1ul << 13,
    /// <summary>FUSE_READDIRPLUS_AUTO.</summary>
    ReadDirPlusAuto = 1ul << 14,
    /// <summary>FUSE_ASYNC_DIO.</summary>
    AsyncDio = 1ul << 15,
    /// <summary>FUSE_WRITEBACK_CACHE.</summary>
    WritebackCache = 1ul << 16,
    /// <summary>FUSE_NO_OPEN_SUPPORT.</summary>
    NoOpenSupport = 1ul << 17,
    /// <summary>FUSE_PARALLEL_DIROPS.</summary>
    ParallelDirOps = 1ul << 18,
    /// <summary>FUSE_HANDLE_KILLPRIV.</summary>
    HandleKillPriv = 1ul << 19,
    /// <summary>FUSE_POSIX_ACL: implies default_permissions.</summary>
    PosixAcl = 1ul << 20,
    /// <summary>FUSE_ABORT_ERROR.</summary>
    AbortError = 1ul << 21,
    /// <summary>FUSE_MAX_PAGES.</summary>
    MaxPages = 1ul << 22,
    /// <summary>FUSE_CACHE_SYMLINKS.</summary>
    CacheSymLinks = 1ul << 23,
    /// <summary>FUSE_NO_OPENDIR_SUPPORT.</summary>
    NoOpenDirSupport = 1ul << 24,
    /// <summary>FUSE_EXPLICIT_INVAL_DATA.</summary>
    ExplicitInvalData = 1ul << 25,
    /// <summary>FUSE_MAP_ALIGNMENT.</summary>
    MapAlignment = 1ul << 26,
    /// <summary>FUSE_SUBMOUNTS.</summary>
    SubMounts = 1ul << 27,
    /// <summary>FUSE_HANDLE_KILLPRIV_V2 (7.33): the file system clears set-uid, set-gid and capabilities where a request says so.</summary>
    HandleKillPrivV2 = 1ul << 28,
    /// <summary>FUSE_SETXATTR_EXT (7.33).</summary>
    SetXattrExt = 1ul << 29,
    /// <summary>FUSE_INIT_EXT (7.36): flags2 counts.</summary>
    InitExt = 1ul << 30,
    /// <summary>FUSE_SECURITY_CTX (7.36): the label of a new inode comes with the request, the file system stores it.</summary>
    SecurityCtx = 1ul << 32,
    /// <summary>FUSE_HAS_INODE_DAX.</summary>
    HasInodeDax = 1ul << 33,
    /// <summary>FUSE_CREATE_SUPP_GROUP (7.38).</summary>
    CreateSuppGroup = 1ul << 34,
    /// <summary>FUSE_HAS_EXPIRE_ONLY (7.38).</summary>
    HasExpireOnly = 1ul << 35,
    /// <summary>FUSE_DIRECT_IO_ALLOW_MMAP (7.39).</summary>
    DirectIoAllowMMap = 1ul << 36,
    /// <summary>FUSE_PASSTHROUGH (7.40).</summary>
    Passthrough = 1ul << 37,
    /// <summary>FUSE_NO_EXPORT_SUPPORT (7.40).</summary>
    NoExportSupport = 1ul << 38,
    /// <summary>FUSE_HAS_RESEND (7.40).</summary>
    HasResend = 1ul << 39,
    /// <summary>
    /// FUSE_ALLOW_IDMAP (7.41): the mount may be cloned with mapped ids. Needs default_permissions. Only requests that create inodes carry
    /// the ids of the caller then.
    /// </summary>
    AllowIdMap = 1ul << 40,
    /// <summary>FUSE_OVER_IO_URING (7.42).</summary>
    OverIoUring = 1ul << 41,
    /// <summary>FUSE_REQUEST_TIMEOUT (7.43).</summary>
    RequestTimeout = 1ul << 42,
}
