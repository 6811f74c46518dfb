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
        byte* actions = stackalloc byte[FileActionsSize];
        byte** argv = ToNative(arguments);
        byte** environment = ToNative([variable, .. Variables()]);
        _ = Libc.posix_spawn_file_actions_init(actions); // in glibc these three only fail for want of memory
        if (inherited.IsOpen)
            _ = Libc.posix_spawn_file_actions_adddup2(actions, inherited.Number, inherited.Number); // takes close-on-exec off
        _ = Libc.posix_spawn_file_actions_adddup2(actions, standardError.Number, 2);
        int id = 0;
        int error = Libc.posix_spawnp(&id, argv[0], actions, null, argv, environment);
        _ = Libc.posix_spawn_file_actions_destroy(actions);
        Free(argv);
        Free(environment);
        process = id;
        return (Errno)error;
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

    /// <summary>Variables as libc has them: .NET's own copy has lost bytes that are no UTF-8.</summary>
    private static List<string> Variables()
    {
        var all = new List<string>();
        byte*** variables = (byte***)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "environ");
        for (byte** variable = *variables; variable != null && *variable != null; variable++)
            all.Add(NativeText.FromPointer((nint)(*variable))!);
        return all;
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
