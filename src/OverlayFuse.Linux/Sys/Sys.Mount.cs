using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    private const long SYS_open_tree = 428;
    private const long SYS_mount_setattr = 442;
    private const nint OPEN_TREE_CLONE = 1;
    private const nint OPEN_TREE_CLOEXEC = 0x80000;
    private const ulong MOUNT_ATTR_RDONLY = 0x1;
    private const ulong MOUNT_ATTR_NOSUID = 0x2;
    private const ulong MOUNT_ATTR_NODEV = 0x4;
    private const ulong MOUNT_ATTR_NOATIME = 0x10;
    private const ulong MOUNT_ATTR_ATIME_MASK = 0x70;
    private const int MountDetach = 2;
    private const int UnmountNoFollow = 8;

    /// <summary>mount(2).</summary>
    /// <param name="source">The first column of /proc/mounts.</param>
    /// <param name="target">The mountpoint.</param>
    /// <param name="type">The type of the file system.</param>
    /// <param name="flags">MS_*.</param>
    /// <param name="data">The options of the file system.</param>
    public static Errno Mount(Name source, Name target, Name type, uint flags, Name data)
    {
        fixed (byte* sourceBytes = source.WithNul, targetBytes = target.WithNul, typeBytes = type.WithNul, dataBytes = data.WithNul)
            return Result(Libc.mount(sourceBytes, targetBytes, typeBytes, flags, dataBytes));
    }

    /// <summary>umount2(2) with UMOUNT_NOFOLLOW.</summary>
    /// <param name="target">The mountpoint.</param>
    /// <param name="detach">True for MNT_DETACH: the mount leaves the tree at once, and the kernel when its last user leaves.</param>
    /// <returns>EBUSY if it is in use and <paramref name="detach"/> is false.</returns>
    public static Errno Unmount(Name target, bool detach)
    {
        fixed (byte* bytes = target.WithNul)
            return Result(Libc.umount2(bytes, UnmountNoFollow | (detach ? MountDetach : 0)));
    }

    /// <summary>pipe2(2), close-on-exec.</summary>
    /// <param name="read">The end to read from.</param>
    /// <param name="write">The end to write to.</param>
    public static Errno Pipe(out Fd read, out Fd write)
    {
        int* pair = stackalloc int[2];
        Errno error = Result(Libc.pipe2(pair, OpenFlags.CloseOnExec));
        (read, write) = error == Errno.None ? (new Fd(pair[0]), new Fd(pair[1])) : (Fd.None, Fd.None);
        return error;
    }

    /// <summary>socketpair(2) of AF_UNIX, SOCK_SEQPACKET: messages keep their bounds; close-on-exec.</summary>
    /// <param name="one">One end.</param>
    /// <param name="other">The other end.</param>
    public static Errno MessageSocketPair(out Fd one, out Fd other) => SocketPair(5, out one, out other);

    /// <summary>socketpair(2) of AF_UNIX, SOCK_STREAM; close-on-exec.</summary>
    /// <param name="one">One end.</param>
    /// <param name="other">The other end.</param>
    public static Errno StreamSocketPair(out Fd one, out Fd other) => SocketPair(1, out one, out other);

    /// <summary>recvmsg(2) of one descriptor (SCM_RIGHTS); the new one is close-on-exec.</summary>
    /// <param name="socket">The receiving end.</param>
    /// <param name="fd">The descriptor.</param>
    /// <returns>ENODATA if the other end closed without sending one.</returns>
    public static Errno ReceiveDescriptor(Fd socket, out Fd fd)
    {
        const int closeOnExec = 0x40000000;
        byte payload;
        var vector = new Libc.IoVec { Base = &payload, Length = 1 };
        Libc.DescriptorMessage control = default;
        var message = new Libc.MsgHdr
        {
            Vectors = &vector,
            VectorCount = 1,
            Control = (byte*)&control,
            ControlLength = (nuint)sizeof(Libc.DescriptorMessage),
        };
        nint received;
        do
            received = Libc.recvmsg(socket.Number, &message, closeOnExec);
        while (received < 0 && LastError() == Errno.EINTR);
        // 1 and 1 are SOL_SOCKET and SCM_RIGHTS.
        bool carries = received > 0 && control is { Level: 1, Type: 1 };
        fd = carries ? new Fd(control.Descriptor) : Fd.None;
        return carries ? Errno.None : received < 0 ? LastError() : Errno.ENODATA;
    }

    private static Errno SocketPair(int type, out Fd one, out Fd other)
    {
        const int unix = 1, closeOnExec = 0x80000;
        int* pair = stackalloc int[2];
        Errno error = Result(Libc.socketpair(unix, type | closeOnExec, 0, pair));
        (one, other) = error == Errno.None ? (new Fd(pair[0]), new Fd(pair[1])) : (Fd.None, Fd.None);
        return error;
    }

    /// <summary>open_tree(2) with OPEN_TREE_CLONE (5.2): a private copy of the mount at a path, with its flags, attached nowhere.</summary>
    /// <param name="path">The mountpoint, or a directory in the mount.</param>
    /// <param name="tree">The root of the new mount, as by O_PATH.</param>
    /// <returns>EPERM without CAP_SYS_ADMIN, EINVAL if mounts below it must stay (a copy of a user namespace).</returns>
    public static Errno CloneTree(Name path, out Fd tree)
    {
        fixed (byte* bytes = path.WithNul)
            tree = new Fd((int)Libc.syscall(SYS_open_tree, Fd.WorkingDirectory.Number, (nint)bytes, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0,
                0, 0));
        return tree.IsOpen ? Errno.None : LastError();
    }

    /// <summary>
    /// A private mount of one directory, attached nowhere, without the mounts below it, as clone_private_mount makes for the kernel's
    /// overlayfs. No process can write through a read-only one, and it does not show the merged view if that is mounted inside the layer.
    /// Needs CAP_SYS_ADMIN over the mount namespace (open_tree(2), mount_setattr(2), 5.12).
    /// </summary>
    /// <param name="directory">The directory, opened in any way.</param>
    /// <param name="readOnly">True if writes through it fail with EROFS.</param>
    /// <param name="tree">The root of the new mount, as by O_PATH.</param>
    /// <param name="noAccessTimes">
    /// True if reading through it does not change access times, as far as the namespace allows. A read-only one never changes them.
    /// </param>
    public static Errno CloneMount(Fd directory, bool readOnly, out Fd tree, bool noAccessTimes = false)
    {
        byte empty = 0;
        noAccessTimes |= readOnly;
        nint flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (nint)AtFlags.EmptyPath;
        tree = new Fd((int)Libc.syscall(SYS_open_tree, directory.Number, (nint)(&empty), flags, 0, 0, 0));
        if (!tree.IsOpen)
            return LastError();
        ulong set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (readOnly ? MOUNT_ATTR_RDONLY : 0);
        Errno error = SetMountAttributes(tree, set | (noAccessTimes ? MOUNT_ATTR_NOATIME : 0), noAccessTimes ? MOUNT_ATTR_ATIME_MASK : 0);
        if (error == Errno.EPERM && noAccessTimes)
            // A user namespace may not change how access times are kept (MNT_LOCK_ATIME).
            error = SetMountAttributes(tree, set, 0);
        if (error != Errno.None)
        {
            Close(tree);
            tree = Fd.None;
        }
        return error;
    }

    private static Errno SetMountAttributes(Fd tree, ulong set, ulong clear)
    {
        byte empty = 0;
        ulong* attributes = stackalloc ulong[4];
        attributes[0] = set;
        attributes[1] = clear;
        attributes[2] = 0;
        attributes[3] = 0;
        return Result((int)Libc.syscall(SYS_mount_setattr, tree.Number, (nint)(&empty), (nint)AtFlags.EmptyPath, (nint)attributes, 32, 0));
    }
}
