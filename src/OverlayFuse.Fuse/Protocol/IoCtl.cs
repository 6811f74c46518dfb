using System.Runtime.InteropServices;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>FUSE_IOCTL_*.</summary>
[Flags]
public enum IoCtlFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_IOCTL_COMPAT: a 32-bit program on a 64-bit kernel.</summary>
    Compat = 1 << 0,
    /// <summary>FUSE_IOCTL_UNRESTRICTED: CUSE only.</summary>
    Unrestricted = 1 << 1,
    /// <summary>FUSE_IOCTL_RETRY: CUSE only.</summary>
    Retry = 1 << 2,
    /// <summary>FUSE_IOCTL_32BIT.</summary>
    Bits32 = 1 << 3,
    /// <summary>FUSE_IOCTL_DIR: the handle is an open directory.</summary>
    Directory = 1 << 4,
    /// <summary>FUSE_IOCTL_COMPAT_X32.</summary>
    CompatX32 = 1 << 5,
}

/// <summary>struct fuse_ioctl_in: then the data.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct IoCtlIn
{
    /// <summary>The open file or directory.</summary>
    public HandleId Fh;
    /// <summary>How.</summary>
    public IoCtlFlags Flags;
    /// <summary>Number of the command.</summary>
    public uint Command;
    /// <summary>Argument of the call; an address in the caller, of no use here, when data goes in or out.</summary>
    public ulong Argument;
    /// <summary>Length of the data.</summary>
    public uint InSize;
    /// <summary>Most bytes to answer.</summary>
    public uint OutSize;
}

/// <summary>struct fuse_ioctl_out: then the data.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct IoCtlOut
{
    /// <summary>The result of ioctl(2).</summary>
    public int Result;
    /// <summary>Zero.</summary>
    public IoCtlFlags Flags;
    /// <summary>Zero.</summary>
    public uint InIovs;
    /// <summary>Zero.</summary>
    public uint OutIovs;
}

/// <summary>struct fuse_backing_map: argument of FUSE_DEV_IOC_BACKING_OPEN (7.40).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BackingMap
{
    /// <summary>Descriptor of the backing file.</summary>
    public int Fd;
    /// <summary>Zero.</summary>
    public uint Flags;
    /// <summary>Zero.</summary>
    public ulong Padding;
}

/// <summary>FUSE_DEV_IOC_*: ioctls of /dev/fuse itself.</summary>
internal enum DeviceCommand : uint
{
    /// <summary>FUSE_DEV_IOC_BACKING_OPEN (7.40): a <see cref="BackingMap"/>; returns the backing id.</summary>
    BackingOpen = 0x4010_E501,
    /// <summary>FUSE_DEV_IOC_BACKING_CLOSE (7.40): a backing id, 32 bits.</summary>
    BackingClose = 0x4004_E502,
}
