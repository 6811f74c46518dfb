using System.ComponentModel;
using System.Diagnostics;

namespace OverlayFuse.Testing;

/// <summary>Starts the program, and waits for its output and its end, never longer than a limit.</summary>
internal static class ProgramRun
{
    /// <summary>Starts the program.</summary>
    /// <exception cref="OverlayMountException">The program cannot be started.</exception>
    public static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new OverlayMountException($"{start.FileName}: cannot be started: {e.Message}; "
                + "it is a program for Linux on x86_64, and must be executable", e);
        }
    }

    /// <summary>Runs the program to its end and returns its output.</summary>
    /// <exception cref="OverlayMountException">The program failed, or was too slow.</exception>
    public static byte[] Output(string program, TimeSpan timeout, params string[] words)
    {
        using Process process = Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true });
        byte[] output = Within(process, timeout, () =>
        {
            using var all = new MemoryStream();
            process.StandardOutput.BaseStream.CopyTo(all);
            return all.ToArray();
        });
        return AwaitEnd(process, timeout) == 0 ? output : throw new OverlayMountException(LastWords(process, timeout));
    }

    /// <summary>Reads from the program in a thread of its own: a grandchild may keep the pipe open when the program is killed.</summary>
    /// <exception cref="OverlayMountException">The program was too slow, and was killed.</exception>
    public static T Within<T>(Process process, TimeSpan timeout, Func<T> read)
    {
        Task<T> reading = Task.Factory.StartNew(read, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (reading.Wait(timeout))
            return reading.Result;
        process.Kill();
        throw new OverlayMountException($"{Describe(process)}: has said nothing for {timeout.TotalSeconds:0.#} s, and was killed; "
            + $"is a disk or this machine busy? {nameof(OverlayMountOptions)}.{nameof(OverlayMountOptions.Timeout)} can be longer");
    }

    /// <summary>The exit status.</summary>
    /// <exception cref="OverlayMountException">The program has not ended in time, and was killed.</exception>
    public static int AwaitEnd(Process process, TimeSpan timeout)
    {
        if (process.WaitForExit(timeout))
            return process.ExitCode;
        // The daemon of the program cleans up then.
        process.Kill();
        throw new OverlayMountException($"{Describe(process)}: has not ended within {timeout.TotalSeconds:0.#} s, and was killed");
    }

    /// <summary>The text on standard error of a process that has ended.</summary>
    public static string LastWords(Process process, TimeSpan timeout)
    {
        string said = Within(process, timeout, process.StandardError.ReadToEnd).Trim();
        return said.Length > 0 ? said : $"{Describe(process)}: ended with status {process.ExitCode}, and did not say why";
    }

    private static string Describe(Process process) => $"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)}";
}
