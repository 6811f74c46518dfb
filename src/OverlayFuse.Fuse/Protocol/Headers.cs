using System.Runtime.InteropServices;

namespace OverlayFuse.Fuse.Protocol;

/// <summary>struct fuse_in_header: starts every request.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InHeader
{
    /// <summary>Length of the request, this header included.</summary>
    public uint Len;
    /// <summary>The operation.</summary>
    public Opcode Opcode;
    /// <summary>Number of the request; the reply repeats it.</summary>
    public ulong Unique;
    /// <summary>The inode it is about.</summary>
    public NodeId NodeId;
    /// <summary>fsuid of the caller.</summary>
    public uint Uid;
    /// <summary>fsgid of the caller.</summary>
    public uint Gid;
    /// <summary>Thread id of the caller.</summary>
    public uint Pid;
    /// <summary>Length of the extensions at the end of the request, in units of 8 bytes (7.38).</summary>
    public ushort TotalExtLen;
    /// <summary>Zero.</summary>
    public ushort Padding;
}

/// <summary>struct fuse_out_header: starts every reply and notification.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OutHeader
{
    /// <summary>Length of the reply, this header included.</summary>
    public uint Len;
    /// <summary>0 or a negated errno; a <see cref="NotifyCode"/> when <see cref="Unique"/> is 0.</summary>
    public int Error;
    /// <summary>Number of the request, 0 for a notification.</summary>
    public ulong Unique;
}

/// <summary>struct fuse_interrupt_in.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct InterruptIn
{
    /// <summary>The request that need not go on.</summary>
    public ulong Unique;
}

/// <summary>struct fuse_ext_header: starts each extension of a request. Types up to 31 are a <see cref="SecCtxHeader"/> instead.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ExtHeader
{
    /// <summary>Length of the extension, this header included.</summary>
    public uint Size;
    /// <summary>Kind of extension.</summary>
    public uint Type;

    /// <summary>FUSE_EXT_GROUPS.</summary>
    public const uint Groups = 32;

    /// <summary>FUSE_MAX_NR_SECCTX.</summary>
    public const uint MaxSecurityContexts = 31;
}

/// <summary>struct fuse_supp_groups: a count, then that many group ids.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SuppGroups
{
    /// <summary>How many group ids follow.</summary>
    public uint NrGroups;
}

/// <summary>struct fuse_secctx_header.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SecCtxHeader
{
    /// <summary>Length of all the contexts, this header included.</summary>
    public uint Size;
    /// <summary>How many <see cref="SecCtx"/> follow.</summary>
    public uint NrSecCtx;
}

/// <summary>struct fuse_secctx: then the xattr's name with its NUL, then its value.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SecCtx
{
    /// <summary>Length of the value.</summary>
    public uint Size;
    /// <summary>Zero.</summary>
    public uint Padding;
}
