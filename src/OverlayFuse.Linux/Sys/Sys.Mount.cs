using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    private const int MountDetach = 2;
    private const int UnmountNoFollow = 8;

    /// <summary>mount(2).</summary>
    /// <param name="source">First column of /proc/mounts.</param>
    /// <param name="target">Where.</param>
    /// <param name="type">File-system type.</param>
    /// <param name="flags">MS_*.</param>
    /// <param name="data">Options of the file system.</param>
    public static Errno Mount(Name source, Name target, Name type, uint flags, Name data)
    {
        fixed (byte* sourceBytes = source.WithNul, targetBytes = target.WithNul, typeBytes = type.WithNul, dataBytes = data.WithNul)
            return Result(Libc.mount(sourceBytes, targetBytes, typeBytes, flags, dataBytes));
    }

    /// <summary>umount2(2) with UMOUNT_NOFOLLOW.</summary>
    /// <param name="target">The mountpoint.</param>
    /// <param name="detach">MNT_DETACH: gone from the tree at once, from the kernel when the last user leaves.</param>
    /// <returns>EBUSY when it is in use and was not to be detached.</returns>
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
        Errno error = Result(Libc.pipe2(pair, (int)OpenFlags.CloseOnExec));
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
    /// <param name="socket">Where it comes from.</param>
    /// <param name="fd">The descriptor.</param>
    /// <returns>ENODATA when the other end closed without sending one.</returns>
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
        bool carries = received > 0 && control is { Level: 1, Type: 1 }; // SOL_SOCKET, SCM_RIGHTS
        fd = carries ? new Fd(control.Descriptor) : Fd.None;
        return carries ? Errno.None : received < 0 ? LastError() : Errno.ENODATA;
    }

    private static Errno SocketPair(int type, out Fd one, out Fd other)
    {
        const int unix = 1;
        int* pair = stackalloc int[2];
        Errno error = Result(Libc.socketpair(unix, type | (int)OpenFlags.CloseOnExec, 0, pair));
        (one, other) = error == Errno.None ? (new Fd(pair[0]), new Fd(pair[1])) : (Fd.None, Fd.None);
        return error;
    }
}
