using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Mono.Unix.Native;

namespace OverlayFuse.Mount.Tests.Bench;

/// <summary>
/// Logs the system calls of a process and its threads, from when it is made until <see cref="Stop"/>. Its own count (-c) leaves out those that are
/// newer than it.
/// </summary>
internal sealed partial class Strace : IDisposable
{
    private readonly Process process;
    private readonly string file;

    /// <param name="pid">The process.</param>
    /// <param name="file">For the log.</param>
    public Strace(int pid, string file)
    {
        this.file = file;
        process = Process.Start(new ProcessStartInfo("strace", ["-f", "-s", "0", "-o", file, "-p", pid.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardError = true,
        })!;
        string? attached = process.StandardError.ReadLine();
        Assert.That(attached, Does.Contain("attached"));
    }

    /// <returns>How often each was called; "syscall_0x1d0" is the name of one that strace does not know.</returns>
    public Dictionary<string, long> Stop()
    {
        Assert.That(Syscall.kill(process.Id, Signum.SIGINT), Is.Zero);
        process.WaitForExit();
        return File.ReadLines(file).Select(line => Call().Match(line)).Where(call => call.Success)
            .GroupBy(call => call.Groups[1].Value).ToDictionary(calls => calls.Key, calls => calls.LongCount());
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }

    /// <summary>A call begins once, also where its end has a line of its own.</summary>
    [GeneratedRegex(@"^\d+ +(\w+)\(")]
    private static partial Regex Call();
}
