using System.Runtime.InteropServices;
using System.Text;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Harness;

/// <summary>
/// Starts a program that goes to the background and waits for what it started with: posix_spawn(3), one pipe for both outputs.
/// System.Diagnostics.Process costs several milliseconds of threads and callbacks for the same, as much as the mount itself.
/// </summary>
internal static class Spawn
{
    private const int AttributesSize = 512, SignalSetSize = 128, TimeoutMilliseconds = 60_000;
    private const short SetSignalMask = 8, SetSignalDefaults = 4;
    private const int StandardOutput = 1, StandardError = 2;

    /// <summary>Process id, exit status and what was printed by the time of the exit; a daemon may keep the pipe open after it.</summary>
    public static (int Pid, ToolResult Result) Run(string program, params string[] arguments)
    {
        Tool.Check(pipe2(out long ends, (int)O.CLOEXEC), "pipe2");
        (int reader, int writer) = ((int)(ends & uint.MaxValue), (int)(ends >> 32));
        _ = Syscall.fcntl(reader, FcntlCommand.F_SETFL, (int)O.NONBLOCK);
        try
        {
            int pid = Start(writer, [program, .. arguments, null]);
            return (pid, new ToolResult(Wait(pid, program), ReadAll(reader), ""));
        }
        finally
        {
            _ = Syscall.close(reader);
            _ = Syscall.close(writer);
        }
    }

    private static int Start(int output, string?[] arguments)
    {
        byte[] actions = new byte[AttributesSize], attributes = new byte[AttributesSize], all = new byte[SignalSetSize],
            none = new byte[SignalSetSize];
        Array.Fill(all, byte.MaxValue);
        _ = posix_spawn_file_actions_init(actions);
        _ = posix_spawnattr_init(attributes);
        _ = posix_spawn_file_actions_adddup2(actions, output, StandardOutput);
        _ = posix_spawn_file_actions_adddup2(actions, output, StandardError);
        // The runtime ignores SIGPIPE, which a program would inherit.
        _ = posix_spawnattr_setsigdefault(attributes, all);
        _ = posix_spawnattr_setsigmask(attributes, none);
        _ = posix_spawnattr_setflags(attributes, SetSignalMask | SetSignalDefaults);
        int error = posix_spawnp(out int pid, arguments[0]!, actions, attributes, arguments, Environ());
        _ = posix_spawn_file_actions_destroy(actions);
        _ = posix_spawnattr_destroy(attributes);
        return error == 0 ? pid : throw new InvalidOperationException($"{arguments[0]}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static int Wait(int pid, string program)
    {
        int status;
        int pidfd = (int)Libc.syscall(Libc.SYS_pidfd_open, pid, 0, 0);
        Pollfd[] poll = [new Pollfd { fd = pidfd, events = PollEvents.POLLIN }];
        bool ended = Syscall.poll(poll, 1, TimeoutMilliseconds) != 0;
        if (!ended) _ = Syscall.kill(pid, Signum.SIGKILL);
        while (Syscall.waitpid(pid, out status, 0) < 0 && Stdlib.GetLastError() == Errno.EINTR)
        {
        }
        _ = Syscall.close(pidfd);
        if (!ended) throw new TimeoutException($"{program}: not ended after {TimeoutMilliseconds} ms");
        return Syscall.WIFEXITED(status) ? Syscall.WEXITSTATUS(status) : -1;
    }

    private static string ReadAll(int reader)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        using var pin = new Pin(buffer);
        for (long n; (n = Syscall.read(reader, pin.At(0), (ulong)buffer.Length)) > 0;)
            text.Append(Encoding.UTF8.GetString(buffer, 0, (int)n));
        return text.ToString();
    }

    private static string?[] Environ() =>
        [.. from System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables()
            select $"{variable.Key}={variable.Value}", null];

    [DllImport("libc", SetLastError = true)] private static extern int pipe2(out long ends, int flags);
    [DllImport("libc")]
    private static extern int posix_spawnp(out int pid, string path, byte[] actions, byte[] attributes,
        string?[] arguments, string?[] environment);
    [DllImport("libc")] private static extern int posix_spawn_file_actions_init(byte[] actions);
    [DllImport("libc")] private static extern int posix_spawn_file_actions_destroy(byte[] actions);
    [DllImport("libc")] private static extern int posix_spawn_file_actions_adddup2(byte[] actions, int from, int to);
    [DllImport("libc")] private static extern int posix_spawnattr_init(byte[] attributes);
    [DllImport("libc")] private static extern int posix_spawnattr_destroy(byte[] attributes);
    [DllImport("libc")] private static extern int posix_spawnattr_setflags(byte[] attributes, short flags);
    [DllImport("libc")] private static extern int posix_spawnattr_setsigdefault(byte[] attributes, byte[] signals);
    [DllImport("libc")] private static extern int posix_spawnattr_setsigmask(byte[] attributes, byte[] signals);
}
