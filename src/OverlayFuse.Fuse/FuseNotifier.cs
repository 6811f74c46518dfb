using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OverlayFuse.Fuse.Protocol;
using OverlayFuse.Linux;

namespace OverlayFuse.Fuse;

/// <summary>
/// Tells the kernel what changed behind its back. ENOENT is a normal answer: the kernel has nothing to drop. Do not call it from an
/// operation on the same inode or directory: the kernel may wait for locks that the caller of the operation holds. Any thread.
/// </summary>
public sealed class FuseNotifier
{
    private const int LongestName = 1024;
    private readonly SafeFd _device;

    internal FuseNotifier(SafeFd device) => _device = device;

    /// <summary>NOTIFY_INVAL_INODE: drops the cached attributes, keeps the data.</summary>
    /// <param name="node">The inode.</param>
    public Errno InvalidateAttributes(NodeId node) => InvalidateInode(node, -1, 0);

    /// <summary>NOTIFY_INVAL_INODE: drops the cached attributes and the data in a range.</summary>
    /// <param name="node">The inode.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes; 0: to the end.</param>
    public Errno InvalidateInode(NodeId node, long offset, long length) =>
        Send(NotifyCode.InvalInode, new NotifyInvalInodeOut { Ino = node, Off = offset, Len = length }, default);

    /// <summary>NOTIFY_INVAL_ENTRY: drops a name, with what is below; takes the kernel's lock of the directory.</summary>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name.</param>
    public Errno InvalidateEntry(NodeId parent, Name name) => InvalidateEntry(parent, name, NotifyInvalEntryFlags.None);

    /// <summary>
    /// NOTIFY_INVAL_ENTRY with EXPIRE_ONLY (7.38, HAS_EXPIRE_ONLY): the kernel looks the name up again before its next use.
    /// </summary>
    /// <param name="parent">The directory.</param>
    /// <param name="name">The name.</param>
    public Errno ExpireEntry(NodeId parent, Name name) => InvalidateEntry(parent, name, NotifyInvalEntryFlags.ExpireOnly);

    /// <summary>NOTIFY_DELETE: a name is gone; watchers of it are told.</summary>
    /// <param name="parent">The directory.</param>
    /// <param name="child">The inode that it named.</param>
    /// <param name="name">The name.</param>
    public Errno Delete(NodeId parent, NodeId child, Name name) =>
        Send(NotifyCode.Delete, new NotifyDeleteOut { Parent = parent, Child = child, NameLen = (uint)name.Length }, name.WithNul);

    /// <summary>
    /// NOTIFY_INC_EPOCH (7.44): the kernel looks every cached name and listing up again before its next use. EINVAL on older kernels.
    /// </summary>
    public Errno IncrementEpoch() => Send(NotifyCode.IncEpoch, default(Nothing), default);

    /// <summary>NOTIFY_PRUNE (7.45): asks for FORGETs of unused inodes. EINVAL on older kernels.</summary>
    /// <param name="nodes">At most 512 inodes.</param>
    public Errno Prune(ReadOnlySpan<NodeId> nodes) =>
        Send(NotifyCode.Prune, new NotifyPruneOut { Count = (uint)nodes.Length }, MemoryMarshal.AsBytes(nodes));

    private Errno InvalidateEntry(NodeId parent, Name name, NotifyInvalEntryFlags flags) =>
        Send(NotifyCode.InvalEntry, new NotifyInvalEntryOut { Parent = parent, NameLen = (uint)name.Length, Flags = flags }, name.WithNul);

    private Errno Send<T>(NotifyCode code, T message, ReadOnlySpan<byte> payload) where T : unmanaged
    {
        if (payload.Length > 512 * sizeof(ulong) || (code != NotifyCode.Prune && payload.Length > LongestName + 1))
            return Errno.EINVAL;
        int messageSize = message is Nothing ? 0 : Unsafe.SizeOf<T>();
        Span<byte> buffer = stackalloc byte[Unsafe.SizeOf<OutHeader>() + messageSize + payload.Length];
        MemoryMarshal.Write(buffer, new OutHeader { Len = (uint)buffer.Length, Error = (int)code });
        if (messageSize > 0)
            MemoryMarshal.Write(buffer[Unsafe.SizeOf<OutHeader>()..], message);
        payload.CopyTo(buffer[(Unsafe.SizeOf<OutHeader>() + messageSize)..]);
        if (!_device.TryAcquire())
            // The session is over.
            return Errno.ENODEV;
        Errno error = Sys.WriteDevice(_device.Fd, buffer);
        _device.Release();
        return error;
    }

    private readonly struct Nothing;
}
