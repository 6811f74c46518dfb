using System.Diagnostics;
using System.Globalization;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>Counts the system calls of a process and its threads, from when it is made until <see cref="Stop"/>.</summary>
internal sealed class Strace : IDisposable
{
    private readonly Process process;

    /// <param name="pid">The process.</param>
    /// <param name="file">Gets a line for each system call: how often, and its name.</param>
    public Strace(int pid, string file)
    {
        process = Process.Start(new ProcessStartInfo("strace", ["-f", "-c", "-U", "calls,name", "-o", file, "-p", pid.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
        })!;
        string? attached = process.StandardError.ReadLine();
        Assert.That(attached, Does.Contain("attached"));
    }

    public void Stop()
    {
        Assert.That(Syscall.kill(process.Id, Signum.SIGINT), Is.Zero);
        process.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
