using System.Runtime.InteropServices;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    private const long SYS_pidfd_open = 434;
    private const long SYS_pidfd_send_signal = 424;
    private const int SIGTERM = 15;
    private const short POLLIN = 1;
    private const short POLLOUT = 4;

    /// <summary>CONFIG_NR_CPUS is at most this.</summary>
    private const int MostProcessors = 8192;

    private const int BitsOfMask = 64;

    /// <summary>posix_spawn_file_actions_t is 80 bytes in glibc.</summary>
    private const int FileActionsSize = 256;

    /// <summary>
    /// pidfd_open(2), 5.3: a process of this pid namespace. The descriptor is readable once the process has ended
    /// (<see cref="AwaitReadable"/>).
    /// </summary>
    /// <param name="id">The id of the process.</param>
    /// <param name="process">The descriptor, close-on-exec; the caller owns it.</param>
    /// <returns>ESRCH if it is gone.</returns>
    public static Errno OpenProcess(int id, out Fd process)
    {
        process = new Fd((int)Libc.syscall(SYS_pidfd_open, id, 0, 0, 0, 0, 0));
        return process.IsOpen ? Errno.None : LastError();
    }

    /// <summary>Sends SIGTERM (pidfd_send_signal(2), 5.1).</summary>
    /// <param name="process">The descriptor of <see cref="OpenProcess"/>.</param>
    /// <returns>ESRCH if it has ended, EPERM if it belongs to another user.</returns>
    public static Errno Terminate(Fd process) => Result((int)Libc.syscall(SYS_pidfd_send_signal, process.Number, SIGTERM, 0, 0, 0, 0));

    /// <summary>poll(2) for POLLIN.</summary>
    /// <param name="fd">The descriptor to wait for.</param>
    /// <param name="milliseconds">The longest wait.</param>
    /// <returns>ETIMEDOUT if nothing came.</returns>
    public static Errno AwaitReadable(Fd fd, int milliseconds) => Await(fd, POLLIN, milliseconds);

    /// <summary>poll(2) for POLLOUT, without a limit.</summary>
    public static Errno AwaitWritable(Fd fd)
    {
        Errno error;
        do
            error = Await(fd, POLLOUT, int.MaxValue);
        while (error == Errno.ETIMEDOUT);
        return error;
    }

    private static Errno Await(Fd fd, short events, int milliseconds)
    {
        long end = Environment.TickCount64 + milliseconds;
        while (true)
        {
            var wanted = new Libc.PollFd { Fd = fd.Number, Events = events };
            int ready = Libc.poll(&wanted, 1, (int)Math.Max(0, end - Environment.TickCount64));
            if (ready >= 0)
                return ready > 0 ? Errno.None : Errno.ETIMEDOUT;
            if (LastError() is not Errno.EINTR and var error)
                return error;
        }
    }

    /// <summary>getrandom(2) for up to 256 bytes, which the kernel gives whole. The random numbers of .NET need /dev/urandom.</summary>
    /// <param name="bytes">Receives the bytes.</param>
    /// <returns>ENOSYS or EPERM under a seccomp filter that forbids it.</returns>
    public static Errno GetRandom(Span<byte> bytes)
    {
        fixed (byte* to = bytes)
            return Result(Libc.getrandom(to, (nuint)bytes.Length, 0), out _);
    }

    /// <summary>chdir(2) of the whole process.</summary>
    public static Errno ChangeDirectory(Name path)
    {
        fixed (byte* bytes = path.WithNul)
            return Result(Libc.chdir(bytes));
    }

    /// <summary>getcwd(2): the working directory, without symbolic links.</summary>
    /// <param name="path">Empty on failure.</param>
    /// <returns>ENOENT if it was removed.</returns>
    public static Errno GetWorkingDirectory(out string path)
    {
        const int most = 4096;
        byte* buffer = stackalloc byte[most];
        bool found = Libc.getcwd(buffer, most) != null;
        path = found ? NativeText.FromPointer((nint)buffer)! : "";
        return found ? Errno.None : LastError();
    }

    /// <summary>getenv(3): a variable of the environment that this process was started with; null if there is none.</summary>
    /// <param name="name">The name of the variable.</param>
    public static string? GetVariable(string name)
    {
        fixed (byte* bytes = Name.From(name).WithNul)
            return NativeText.FromPointer((nint)Libc.getenv(bytes));
    }

    /// <summary>
    /// Gives this thread, and no other, the ids of a user for good: real, effective and saved. It makes system calls, because libc would
    /// change every thread.
    /// </summary>
    /// <param name="uid">The user.</param>
    /// <param name="gid">The group.</param>
    /// <returns>EPERM without CAP_SETUID, EINVAL for ids without a mapping in the user namespace.</returns>
    public static Errno AssumeUser(uint uid, uint gid)
    {
        long returned = Libc.syscall(Machine.SetResGid(Machine.Own), (nint)gid, (nint)gid, (nint)gid, 0, 0, 0);
        if (returned == 0)
            returned = Libc.syscall(Machine.SetResUid(Machine.Own), (nint)uid, (nint)uid, (nint)uid, 0, 0, 0);
        return Result((int)returned);
    }

    /// <summary>
    /// posix_spawnp(3): starts a program with the environment of this process and one more variable. It inherits only standard input,
    /// standard output and the named descriptors. No managed code runs between fork and exec.
    /// </summary>
    /// <param name="arguments">The program, looked up in PATH, and its arguments.</param>
    /// <param name="variable">NAME=VALUE.</param>
    /// <param name="inherited">A descriptor that the program gets under the same number; none if negative.</param>
    /// <param name="standardError">The standard error of the program.</param>
    /// <param name="process">The id of the process, for <see cref="WaitForExit"/>.</param>
    public static Errno Spawn(string[] arguments, string variable, Fd inherited, Fd standardError, out int process)
    {
        (Fd From, int To)[] always = [(standardError, 2)];
        // A copy onto itself clears close-on-exec.
        (Fd From, int To)[] all = inherited.IsOpen ? [(inherited, inherited.Number), .. always] : always;
        return Start(arguments, [variable, .. Variables()], all, out process);
    }

    /// <summary>
    /// posix_spawnp(3): starts a program between two pipes. It has the environment of this process, and a standard error that discards
    /// everything.
    /// </summary>
    /// <param name="arguments">The program, looked up in PATH, and its arguments.</param>
    /// <param name="input">The standard input of the program, open for reading.</param>
    /// <param name="output">The standard output of the program.</param>
    /// <param name="process">The id of the process, for <see cref="Abandon"/>.</param>
    public static Errno SpawnBetween(string[] arguments, Fd input, Fd output, out int process) =>
        Start(arguments, Variables(), [(input, 0), (output, 1), (input, 2)], out process);

    /// <summary>Reaps a child once it ends, and does not wait for that.</summary>
    /// <param name="process">A child that was not waited for yet.</param>
    /// <param name="kill">True: sends SIGKILL, which takes effect when the child comes out of the kernel.</param>
    public static void Abandon(int process, bool kill)
    {
        const int SIGKILL = 9, WNOHANG = 1;
        if (kill)
            _ = Libc.kill(process, SIGKILL);
        int status;
        _ = Libc.waitpid(process, &status, WNOHANG);
    }

    /// <summary>waitpid(2).</summary>
    /// <param name="process">A child.</param>
    /// <param name="exitStatus">The exit status; 128 and the number of the signal if a signal ended it.</param>
    public static Errno WaitForExit(int process, out int exitStatus)
    {
        int status = 0;
        int returned;
        do
            returned = Libc.waitpid(process, &status, 0);
        while (returned < 0 && LastError() == Errno.EINTR);
        exitStatus = (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
        return Result(returned);
    }

    private static Errno Start(string[] arguments, string[] variables, ReadOnlySpan<(Fd From, int To)> descriptors, out int process)
    {
        byte* actions = stackalloc byte[FileActionsSize];
        byte** argv = ToNative(arguments);
        byte** environment = ToNative(variables);
        // In glibc these calls fail only for lack of memory.
        _ = Libc.posix_spawn_file_actions_init(actions);
        foreach ((Fd from, int to) in descriptors)
            _ = Libc.posix_spawn_file_actions_adddup2(actions, from.Number, to);
        int id = 0;
        int error = Libc.posix_spawnp(&id, argv[0], actions, null, argv, environment);
        _ = Libc.posix_spawn_file_actions_destroy(actions);
        Free(argv);
        Free(environment);
        process = id;
        return (Errno)error;
    }

    /// <summary>
    /// The variables of libc, by the runtime's own access to environ(7). The copy of .NET has lost bytes that are no UTF-8.
    /// </summary>
    private static string[] Variables()
    {
        var all = new List<string>();
        for (byte** variable = Libc.SystemNative_GetEnviron(); variable != null && *variable != null; variable++)
            all.Add(NativeText.FromPointer((nint)(*variable))!);
        return [.. all];
    }

    private static byte** ToNative(string[] texts)
    {
        byte** array = (byte**)NativeMemory.AllocZeroed((nuint)texts.Length + 1, (nuint)sizeof(byte*));
        for (int i = 0; i < texts.Length; i++)
        {
            ReadOnlySpan<byte> bytes = NativeText.ToBytes(texts[i]);
            array[i] = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
            bytes.CopyTo(new Span<byte>(array[i], bytes.Length));
        }
        return array;
    }

    private static void Free(byte** array)
    {
        for (byte** text = array; *text != null; text++)
            NativeMemory.Free(*text);
        NativeMemory.Free(array);
    }

    /// <summary>Has the calling thread run on one processor only (sched_setaffinity(2)). Threads that it starts do so, too.</summary>
    /// <param name="processor">Its number.</param>
    /// <returns>EINVAL if this process may not use it.</returns>
    public static Errno PinThread(int processor)
    {
        if (processor is < 0 or >= MostProcessors)
            return Errno.EINVAL;
        ulong* mask = stackalloc ulong[MostProcessors / BitsOfMask];
        new Span<ulong>(mask, MostProcessors / BitsOfMask).Clear();
        mask[processor / BitsOfMask] = 1ul << (processor % BitsOfMask);
        return Result(Libc.sched_setaffinity(0, MostProcessors / 8, mask));
    }

    /// <summary>
    /// Has the calling thread run on the processors of the main thread: whoever started it may be pinned (<see cref="PinThread"/>).
    /// </summary>
    public static Errno UnpinThread()
    {
        ulong* mask = stackalloc ulong[MostProcessors / BitsOfMask];
        int length = Libc.sched_getaffinity(ProcessId, MostProcessors / 8, mask);
        return length < 0 ? LastError() : Result(Libc.sched_setaffinity(0, MostProcessors / 8, mask));
    }
}
