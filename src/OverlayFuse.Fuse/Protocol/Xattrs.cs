using System.Runtime.InteropServices;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>FUSE_SETXATTR_*.</summary>
[Flags]
public enum SetXattrFlags : uint
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>FUSE_SETXATTR_ACL_KILL_SGID: setting system.posix_acl_access must clear set-gid (SETXATTR_EXT).</summary>
    AclKillSgid = 1,
}

/// <summary>struct fuse_setxattr_in: then the name, then the value. Without SETXATTR_EXT the kernel sends its first 8 bytes only.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SetXattrIn
{
    /// <summary>Length of the value.</summary>
    public uint Size;
    /// <summary>Create or replace.</summary>
    public XattrFlags Flags;
    /// <summary>Flags of the request.</summary>
    public SetXattrFlags SetXattrFlags;
    /// <summary>Zero.</summary>
    public uint Padding;

    /// <summary>FUSE_COMPAT_SETXATTR_IN_SIZE.</summary>
    public const int CompatSize = 8;
}

/// <summary>struct fuse_getxattr_in: GETXATTR (then the name) and LISTXATTR.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GetXattrIn
{
    /// <summary>Most bytes to answer, 0 asks for the length.</summary>
    public uint Size;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_getxattr_out: the length that was asked for.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct GetXattrOut
{
    /// <summary>Bytes.</summary>
    public uint Size;
    /// <summary>Zero.</summary>
    public uint Padding;
}

/// <summary>struct fuse_access_in.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct AccessIn
{
    /// <summary>R_OK, W_OK, X_OK of access(2).</summary>
    public uint Mask;
    /// <summary>Zero.</summary>
    public uint Padding;
}
