using System.Runtime.InteropServices;
using OverlayFuse.Linux.Interop;

namespace OverlayFuse.Linux;

public static unsafe partial class Sys
{
    /// <summary>posix_spawn_file_actions_t is 80 bytes in glibc.</summary>
    private const int FileActionsSize = 256;

    /// <summary>
    /// posix_spawnp(3): starts a program with this process's environment and one variable more. Only standard input, standard output and
    /// the named descriptors reach it. No managed code runs between fork and exec.
    /// </summary>
    /// <param name="arguments">The program, looked up in PATH, and its arguments.</param>
    /// <param name="variable">NAME=VALUE.</param>
    /// <param name="inherited">A descriptor that it gets under the same number; none if negative.</param>
    /// <param name="standardError">Its standard error.</param>
    /// <param name="process">Its id, to be waited for.</param>
    public static Errno Spawn(string[] arguments, string variable, Fd inherited, Fd standardError, out int process)
    {
        (Fd From, int To)[] always = [(standardError, 2)];
        // onto itself: takes close-on-exec off
        (Fd From, int To)[] all = inherited.IsOpen ? [(inherited, inherited.Number), .. always] : always;
        return Start(arguments, [variable, .. Variables()], all, out process);
    }

    /// <summary>
    /// posix_spawnp(3): starts a program that reads and writes pipes of ours. It has this process's environment, and standard error that
    /// takes nothing.
    /// </summary>
    /// <param name="arguments">The program, looked up in PATH, and its arguments.</param>
    /// <param name="input">Its standard input, open for reading.</param>
    /// <param name="output">Its standard output.</param>
    /// <param name="process">Its id, for <see cref="Abandon"/>.</param>
    public static Errno SpawnBetween(string[] arguments, Fd input, Fd output, out int process) =>
        Start(arguments, Variables(), [(input, 0), (output, 1), (input, 2)], out process);

    /// <summary>Takes note of the end of a child, and does not wait for it.</summary>
    /// <param name="process">A child that nobody has waited for yet.</param>
    /// <param name="kill">It is sent SIGKILL, which it follows when it comes out of the kernel.</param>
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
    /// <param name="exitStatus">What it exited with; 128 and the signal's number when a signal ended it.</param>
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
        _ = Libc.posix_spawn_file_actions_init(actions); // in glibc these only fail for want of memory
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

    /// <summary>Variables as libc has them: .NET's own copy has lost bytes that are no UTF-8.</summary>
    private static string[] Variables()
    {
        var all = new List<string>();
        byte*** variables = (byte***)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "environ");
        for (byte** variable = *variables; variable != null && *variable != null; variable++)
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
}
