using System.Runtime.InteropServices;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    /// <summary>FUSE_DEV_IOC_CLONE: _IOR(229, 0, uint32_t).</summary>
    private const uint FuseDeviceClone = 0x8004_E500;

    /// <summary>SIGRTMIN + 8: glibc uses 32 and 33, the .NET runtime uses SIGRTMIN.</summary>
    private const int WakeSignal = 42;

    /// <summary>read(2) of /dev/fuse or a pipe. It returns EINTR: another thread wants the attention of this one.</summary>
    /// <param name="device">The descriptor.</param>
    /// <param name="data">Receives the bytes.</param>
    /// <param name="count">The number of bytes read; 0 at end of file.</param>
    public static Errno ReadDevice(Fd device, Span<byte> data, out int count)
    {
        fixed (byte* to = data)
            return Result(Libc.read(device.Number, to, (nuint)data.Length), out count);
    }

    /// <summary>write(2) of one message. /dev/fuse takes all of it or none.</summary>
    /// <param name="device">The descriptor.</param>
    /// <param name="message">The message.</param>
    public static Errno WriteDevice(Fd device, ReadOnlySpan<byte> message)
    {
        fixed (byte* from = message)
            return Result(Libc.write(device.Number, from, (nuint)message.Length), out _);
    }

    /// <summary>
    /// Makes another descriptor of the same FUSE connection, with a queue of its own for the requests that it has read
    /// (FUSE_DEV_IOC_CLONE).
    /// </summary>
    /// <param name="device">/dev/fuse, mounted.</param>
    /// <param name="clone">The new descriptor, close-on-exec.</param>
    public static Errno CloneFuseDevice(Fd device, out Fd clone)
    {
        Errno error;
        if ((error = OpenAt(Fd.WorkingDirectory, Name.From("/dev/fuse"), OpenFlags.ReadWrite, out clone)) != Errno.None)
            return error;
        uint source = (uint)device.Number;
        error = IoCtl(clone, FuseDeviceClone, MemoryMarshal.AsBytes(new Span<uint>(ref source)));
        if (error != Errno.None)
        {
            Close(clone);
            clone = Fd.None;
        }
        return error;
    }

    /// <summary>dup3(2) onto a number in use: closes the old descriptor, and no other thread can get the number meanwhile.</summary>
    /// <param name="replacement">The descriptor that the number refers to from now on.</param>
    /// <param name="number">The number.</param>
    public static Errno ReplaceDescriptor(Fd replacement, Fd number) =>
        Result(Libc.dup3(replacement.Number, number.Number, OpenFlags.CloseOnExec));

    /// <summary>gettid(2), for <see cref="WakeThread"/>.</summary>
    public static int ThreadId => Libc.gettid();

    /// <summary>
    /// The address of a C function that takes an int and does nothing. A statically linked program sets it before the first session: it
    /// has no libc that can be searched. If it is 0, it is abs(3) of the shared libc.
    /// </summary>
    public static nint WakeHandler { get; set; }

    /// <summary>
    /// Lets <see cref="WakeThread"/> end a blocked system call with EINTR: installs a signal without SA_RESTART whose handler
    /// does nothing. The handler is not managed code: a signal may come while the runtime suspends threads.
    /// </summary>
    public static Errno EnableThreadWaking()
    {
        if (WakeHandler == 0)
            WakeHandler = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "abs");
        var action = new Libc.SigAction { Handler = WakeHandler };
        return Result(Libc.sigaction(WakeSignal, &action, null));
    }

    /// <summary>Ends the system call that a thread of this process is blocked in, with EINTR.</summary>
    /// <param name="threadId">The id of a live thread.</param>
    public static Errno WakeThread(int threadId) => Result(Libc.tgkill(Libc.getpid(), threadId, WakeSignal));

    /// <summary>The longest digest that fs-verity makes: SHA-512.</summary>
    public const int MaxVerityDigest = 64;

    /// <summary>FS_IOC_MEASURE_VERITY: the digest of a file whose content can no longer change.</summary>
    /// <param name="file">The file, open for reading.</param>
    /// <param name="digest"><see cref="MaxVerityDigest"/> bytes.</param>
    /// <param name="algorithm">1: SHA-256, 2: SHA-512 (FS_VERITY_HASH_ALG_*).</param>
    /// <param name="length">The length of the digest.</param>
    /// <returns>ENODATA if the file has none, ENOTTY or EOPNOTSUPP if the file system does not know them.</returns>
    public static Errno MeasureVerity(Fd file, Span<byte> digest, out int algorithm, out int length)
    {
        const nuint FS_IOC_MEASURE_VERITY = 0xC0046686;
        ushort* measured = stackalloc ushort[2 + (MaxVerityDigest / 2)];
        measured[0] = 0;
        measured[1] = MaxVerityDigest;
        Errno error = Result(Libc.ioctl(file.Number, FS_IOC_MEASURE_VERITY, (byte*)measured));
        (algorithm, length) = error == Errno.None ? (measured[0], measured[1]) : (0, 0);
        new ReadOnlySpan<byte>(measured + 2, length).CopyTo(digest);
        return error;
    }
}
