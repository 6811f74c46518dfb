using System.Runtime.InteropServices;

namespace OverlayFuse.Linux;

/// <summary>A time as statx(2) has it: seconds since 1970 and nanoseconds.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct StatxTime
{
    /// <summary>Seconds.</summary>
    public long Seconds;

    /// <summary>Nanoseconds, 0 to 999,999,999.</summary>
    public uint Nanoseconds;

    private readonly int _reserved;

    /// <summary>The same time for utimensat(2).</summary>
    public readonly TimeSpec ToTimeSpec() => new(Seconds, Nanoseconds);
}

/// <summary>struct timespec, with the two magic values of utimensat(2).</summary>
/// <param name="Seconds">Seconds since 1970.</param>
/// <param name="Nanoseconds">Nanoseconds, or UTIME_NOW or UTIME_OMIT.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct TimeSpec(long Seconds, long Nanoseconds)
{
    /// <summary>UTIME_NOW.</summary>
    public static TimeSpec Now => new(0, (1L << 30) - 1);

    /// <summary>UTIME_OMIT.</summary>
    public static TimeSpec Omit => new(0, (1L << 30) - 2);
}

/// <summary>struct statx of linux/stat.h (256 bytes).</summary>
[StructLayout(LayoutKind.Sequential, Size = 256)]
public struct Statx
{
    /// <summary>The fields that are filled.</summary>
    public StatxMask Mask;

    /// <summary>Preferred block size, bytes.</summary>
    public uint BlockSize;

    /// <summary>STATX_ATTR_* bits.</summary>
    public StatxAttributes Attributes;

    /// <summary>Number of links.</summary>
    public uint Nlink;

    /// <summary>Owner.</summary>
    public uint Uid;

    /// <summary>Group.</summary>
    public uint Gid;

    /// <summary>Type and permission bits.</summary>
    public ushort Mode;

    private readonly ushort _spare0;

    /// <summary>Inode number.</summary>
    public ulong Ino;

    /// <summary>Size in bytes.</summary>
    public ulong Size;

    /// <summary>Allocated blocks of 512 bytes.</summary>
    public ulong Blocks;

    /// <summary>The bits of <see cref="Attributes"/> that the file system knows.</summary>
    public StatxAttributes AttributesMask;

    /// <summary>Last access.</summary>
    public StatxTime Atime;

    /// <summary>Creation.</summary>
    public StatxTime Btime;

    /// <summary>Last change of the inode.</summary>
    public StatxTime Ctime;

    /// <summary>Last change of the content.</summary>
    public StatxTime Mtime;

    /// <summary>Of a device node.</summary>
    public uint RdevMajor;

    /// <summary>Of a device node.</summary>
    public uint RdevMinor;

    /// <summary>Of the file system.</summary>
    public uint DevMajor;

    /// <summary>Of the file system.</summary>
    public uint DevMinor;

    /// <summary>The mount that the file was reached through.</summary>
    public ulong MountId;

    /// <summary>The kind of file.</summary>
    public readonly FileType Type => (FileType)(Mode & (ushort)FileType.Mask);

    /// <summary>A directory.</summary>
    public readonly bool IsDirectory => Type == FileType.Directory;

    /// <summary>A regular file.</summary>
    public readonly bool IsRegular => Type == FileType.Regular;

    /// <summary>A character device 0:0, the whiteout of overlayfs.</summary>
    public readonly bool IsWhiteout => Type == FileType.CharacterDevice && RdevMajor == 0 && RdevMinor == 0;

    /// <summary>Permission bits with set-uid, set-gid and sticky.</summary>
    public readonly uint Permissions => Mode & 0xFFFu;

    /// <summary>The file system's device number in the kernel's 64-bit encoding for users.</summary>
    public readonly ulong Dev => MakeDevice(DevMajor, DevMinor);

    /// <summary>A device node's number.</summary>
    public readonly ulong Rdev => MakeDevice(RdevMajor, RdevMinor);

    /// <summary>Makes it a device node of this number.</summary>
    /// <param name="device">As <see cref="Rdev"/>.</param>
    public void SetRdev(ulong device)
    {
        // This is gnu_dev_major(3).
        RdevMajor = (uint)((device >> 8 & 0xFFF) | (device >> 32 & ~0xFFFul));
        // This is gnu_dev_minor(3).
        RdevMinor = (uint)((device & 0xFF) | (device >> 12 & ~0xFFul));
    }

    /// <summary>Takes owner, group, mode, type and device number from another.</summary>
    /// <param name="other">The other.</param>
    public void CopyOwnership(in Statx other)
    {
        (Uid, Gid, Mode) = (other.Uid, other.Gid, other.Mode);
        (RdevMajor, RdevMinor) = (other.RdevMajor, other.RdevMinor);
    }

    /// <summary>gnu_dev_makedev(3).</summary>
    private static ulong MakeDevice(ulong major, ulong minor) =>
        (minor & 0xFF) | ((major & 0xFFF) << 8) | ((minor & ~0xFFul) << 12) | ((major & ~0xFFFul) << 32);
}

/// <summary>S_IF* of st_mode.</summary>
public enum FileType : ushort
{
    /// <summary>None: not known.</summary>
    Unknown = 0,

    /// <summary>S_IFIFO.</summary>
    Fifo = 0x1000,

    /// <summary>S_IFCHR.</summary>
    CharacterDevice = 0x2000,

    /// <summary>S_IFDIR.</summary>
    Directory = 0x4000,

    /// <summary>S_IFBLK.</summary>
    BlockDevice = 0x6000,

    /// <summary>S_IFREG.</summary>
    Regular = 0x8000,

    /// <summary>S_IFLNK.</summary>
    SymLink = 0xA000,

    /// <summary>S_IFSOCK.</summary>
    Socket = 0xC000,

    /// <summary>S_IFMT.</summary>
    Mask = 0xF000,
}

/// <summary>STATX_* masks.</summary>
[Flags]
public enum StatxMask : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>STATX_TYPE.</summary>
    Type = 0x1,

    /// <summary>STATX_MODE.</summary>
    Mode = 0x2,

    /// <summary>STATX_NLINK.</summary>
    Nlink = 0x4,

    /// <summary>STATX_INO.</summary>
    Ino = 0x100,

    /// <summary>STATX_SIZE.</summary>
    Size = 0x200,

    /// <summary>STATX_BASIC_STATS: all fields of stat(2).</summary>
    BasicStats = 0x7FF,

    /// <summary>STATX_BTIME.</summary>
    Btime = 0x800,

    /// <summary>STATX_MNT_ID.</summary>
    MountId = 0x1000,

    /// <summary>STATX_MNT_ID_UNIQUE (6.8): as <see cref="MountId"/>, a number that no later mount gets.</summary>
    UniqueMountId = 0x4000,
}

/// <summary>STATX_ATTR_*.</summary>
[Flags]
public enum StatxAttributes : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>STATX_ATTR_IMMUTABLE.</summary>
    Immutable = 0x10,

    /// <summary>STATX_ATTR_APPEND.</summary>
    Append = 0x20,

    /// <summary>STATX_ATTR_MOUNT_ROOT.</summary>
    MountRoot = 0x2000,
}

/// <summary>struct statfs of x86_64 and arm64 (120 bytes).</summary>
[StructLayout(LayoutKind.Sequential, Size = 120)]
public struct StatFs
{
    /// <summary>Magic number of the file-system type.</summary>
    public long Type;

    /// <summary>Block size, bytes.</summary>
    public long BlockSize;

    /// <summary>Blocks in all.</summary>
    public ulong Blocks;

    /// <summary>Free blocks.</summary>
    public ulong BlocksFree;

    /// <summary>Free blocks for ordinary users.</summary>
    public ulong BlocksAvailable;

    /// <summary>Inodes in all.</summary>
    public ulong Files;

    /// <summary>Free inodes.</summary>
    public ulong FilesFree;

    /// <summary>f_fsid.</summary>
    public ulong FsId;

    /// <summary>Longest name, bytes.</summary>
    public long NameLength;

    /// <summary>Fragment size, bytes.</summary>
    public long FragmentSize;

    /// <summary>ST_* mount flags.</summary>
    public long Flags;
}
