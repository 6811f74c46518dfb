using System.ComponentModel;
using System.Diagnostics;

namespace OverlayFuse.Testing;

/// <summary>Starts the program, and waits for its end.</summary>
internal static class ProgramRun
{
    /// <summary>Starts it.</summary>
    /// <exception cref="OverlayMountException">It cannot be started.</exception>
    public static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new OverlayMountException($"{start.FileName}: cannot be started: {e.Message}; it is a program for Linux on x86_64, and must be executable", e);
        }
    }

    /// <summary>Runs it to its end, and returns what it prints.</summary>
    /// <exception cref="OverlayMountException">It failed, or is too slow.</exception>
    public static byte[] Output(string program, TimeSpan timeout, params string[] words)
    {
        using Process process = Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true });
        using var impatience = new Timer(_ => Kill(process), null, timeout, Timeout.InfiniteTimeSpan);
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        string said = process.StandardError.ReadToEnd().Trim();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.ToArray() : throw new OverlayMountException(
            said.Length > 0 ? said : $"{program} {string.Join(' ', words)}: exit status {process.ExitCode}, or killed after {timeout.TotalSeconds:0.#} s");
    }

    /// <summary>Waits; who has not ended in time is killed.</summary>
    /// <returns>Whether it has ended in time.</returns>
    public static bool HasEnded(Process process, TimeSpan timeout)
    {
        if (process.WaitForExit(timeout))
            return true;
        Kill(process);
        process.WaitForExit();
        return false;
    }

    /// <summary>Its daemon cleans up then.</summary>
    public static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }
}
