using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    private const long SYS_setresuid = 117;
    private const long SYS_setresgid = 119;
    private const long SYS_pidfd_open = 434;
    private const long SYS_pidfd_send_signal = 424;
    private const int SIGTERM = 15;
    private const short POLLIN = 1;

    /// <summary>pidfd_open(2), 5.3: a process of our process namespace; readable when it has ended (<see cref="AwaitReadable"/>).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="process">The descriptor, close-on-exec; the caller owns it.</param>
    /// <returns>ESRCH when it is gone.</returns>
    public static Errno OpenProcess(int id, out Fd process)
    {
        process = new Fd((int)Libc.syscall(SYS_pidfd_open, id, 0, 0, 0, 0, 0));
        return process.IsOpen ? Errno.None : LastError();
    }

    /// <summary>Sends SIGTERM (pidfd_send_signal(2), 5.1).</summary>
    /// <param name="process">Of <see cref="OpenProcess"/>.</param>
    /// <returns>ESRCH when it has ended, EPERM when it is somebody else's.</returns>
    public static Errno Terminate(Fd process) => Result((int)Libc.syscall(SYS_pidfd_send_signal, process.Number, SIGTERM, 0, 0, 0, 0));

    /// <summary>poll(2) for POLLIN.</summary>
    /// <param name="fd">What is waited for.</param>
    /// <param name="milliseconds">How long at most.</param>
    /// <returns>ETIMEDOUT when nothing came.</returns>
    public static Errno AwaitReadable(Fd fd, int milliseconds)
    {
        long end = Environment.TickCount64 + milliseconds;
        while (true)
        {
            var wanted = new Libc.PollFd { Fd = fd.Number, Events = POLLIN };
            int ready = Libc.poll(&wanted, 1, (int)Math.Max(0, end - Environment.TickCount64));
            if (ready >= 0)
                return ready > 0 ? Errno.None : Errno.ETIMEDOUT;
            if (LastError() is not Errno.EINTR and var error)
                return error;
        }
    }

    /// <summary>getrandom(2), for up to 256 bytes, which come whole. .NET's own random numbers need /dev/urandom.</summary>
    /// <param name="bytes">What is filled.</param>
    /// <returns>ENOSYS or EPERM under a seccomp filter that forbids it.</returns>
    public static Errno GetRandom(Span<byte> bytes)
    {
        fixed (byte* to = bytes)
            return Result(Libc.getrandom(to, (nuint)bytes.Length, 0), out _);
    }

    /// <summary>chdir(2), of the whole process.</summary>
    public static Errno ChangeDirectory(Name path)
    {
        fixed (byte* bytes = path.WithNul)
            return Result(Libc.chdir(bytes));
    }

    /// <summary>getcwd(2): the working directory, without symbolic links.</summary>
    /// <param name="path">Empty on failure.</param>
    /// <returns>ENOENT when it was removed.</returns>
    public static Errno GetWorkingDirectory(out string path)
    {
        const int most = 4096;
        byte* buffer = stackalloc byte[most];
        bool found = Libc.getcwd(buffer, most) != null;
        path = found ? NativeText.FromPointer((nint)buffer)! : "";
        return found ? Errno.None : LastError();
    }

    /// <summary>getenv(3): a variable of the environment that this process was started with, null when there is none.</summary>
    /// <param name="name">Its name.</param>
    public static string? GetVariable(string name)
    {
        fixed (byte* bytes = Name.From(name).WithNul)
            return NativeText.FromPointer((nint)Libc.getenv(bytes));
    }

    /// <summary>
    /// Gives this thread, and no other, the ids of a user for good: real, effective and saved. By system calls, as libc would change every
    /// thread.
    /// </summary>
    /// <param name="uid">The user.</param>
    /// <param name="gid">The group.</param>
    /// <returns>EPERM without CAP_SETUID, EINVAL for ids that have no place in our user namespace.</returns>
    public static Errno AssumeUser(uint uid, uint gid)
    {
        long returned = Libc.syscall(SYS_setresgid, (nint)gid, (nint)gid, (nint)gid, 0, 0, 0);
        if (returned == 0)
            returned = Libc.syscall(SYS_setresuid, (nint)uid, (nint)uid, (nint)uid, 0, 0, 0);
        return Result((int)returned);
    }
}
