using System.Runtime.InteropServices;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    /// <summary>FUSE_DEV_IOC_CLONE: _IOR(229, 0, uint32_t).</summary>
    private const uint FuseDeviceClone = 0x8004_E500;

    /// <summary>SIGRTMIN + 8: glibc has 32 and 33 for itself, the .NET runtime uses SIGRTMIN.</summary>
    private const int WakeSignal = 42;

    /// <summary>read(2) of /dev/fuse or a pipe; EINTR is an answer here: someone wants the thread's attention.</summary>
    /// <param name="device">The descriptor.</param>
    /// <param name="data">Where to.</param>
    /// <param name="count">Bytes read; 0: end of file.</param>
    public static Errno ReadDevice(Fd device, Span<byte> data, out int count)
    {
        fixed (byte* to = data)
            return Result(Libc.read(device.Number, to, (nuint)data.Length), out count);
    }

    /// <summary>write(2) of one message: /dev/fuse takes all of it or none.</summary>
    /// <param name="device">The descriptor.</param>
    /// <param name="message">The message.</param>
    public static Errno WriteDevice(Fd device, ReadOnlySpan<byte> message)
    {
        fixed (byte* from = message)
            return Result(Libc.write(device.Number, from, (nuint)message.Length), out _);
    }

    /// <summary>
    /// Another descriptor of the same FUSE connection, with a queue of its own for what it has read (FUSE_DEV_IOC_CLONE).
    /// </summary>
    /// <param name="device">/dev/fuse, mounted.</param>
    /// <param name="clone">The new descriptor, close-on-exec.</param>
    public static Errno CloneFuseDevice(Fd device, out Fd clone)
    {
        if (OpenAt(Fd.WorkingDirectory, Name.From("/dev/fuse"), OpenFlags.ReadWrite | OpenFlags.CloseOnExec,
            out clone) is not Errno.None and var error)
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

    /// <summary>
    /// dup3(2) onto a number in use: what it stood for is closed, and the number cannot be given to anything else meanwhile.
    /// </summary>
    /// <param name="replacement">What the number stands for from now on.</param>
    /// <param name="number">The number.</param>
    public static Errno ReplaceDescriptor(Fd replacement, Fd number) =>
        Result(Libc.dup3(replacement.Number, number.Number, (int)OpenFlags.CloseOnExec));

    /// <summary>gettid(2), for <see cref="WakeThread"/>.</summary>
    public static int ThreadId => Libc.gettid();

    /// <summary>
    /// Lets <see cref="WakeThread"/> end a blocked system call with EINTR: installs a signal without SA_RESTART whose handler
    /// does nothing. The handler is abs(3), async-signal-safe and not managed code: a signal may come while the runtime suspends threads.
    /// </summary>
    public static Errno EnableThreadWaking()
    {
        nint library = NativeLibrary.Load("libc.so.6");
        var action = new Libc.SigAction { Handler = NativeLibrary.GetExport(library, "abs") };
        return Result(Libc.sigaction(WakeSignal, &action, null));
    }

    /// <summary>Ends the system call that a thread of this process is blocked in, with EINTR.</summary>
    /// <param name="threadId">Of a live thread.</param>
    public static Errno WakeThread(int threadId) => Result(Libc.tgkill(Libc.getpid(), threadId, WakeSignal));
}
