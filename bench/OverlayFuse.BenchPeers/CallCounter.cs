using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OverlayFuse.BenchPeers;

/// <summary>
/// System calls of a process and its threads while something is done, from strace's log: its own count (-c) leaves out calls that are newer
/// than it. What is timed meanwhile means nothing. Mount.Tests has this file, too.
/// </summary>
internal sealed partial class CallCounter : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly Process _strace;

    public CallCounter(int process)
    {
        string id = process.ToString(CultureInfo.InvariantCulture);
        _strace = Process.Start(new ProcessStartInfo("strace", ["-f", "-s", "0", "-o", _file, "-p", id]) { RedirectStandardError = true })!;
        string? said = _strace.StandardError.ReadLine();
        if (said?.Contains("attached", StringComparison.Ordinal) != true) // to all its threads
            throw new InvalidOperationException($"strace -p {id}: {said}");
    }

    /// <summary>Counts while one piece of work is done.</summary>
    public static IReadOnlyDictionary<string, long> During(int process, Action work)
    {
        using var counter = new CallCounter(process);
        work();
        return counter.Stop();
    }

    /// <summary>Ends counting.</summary>
    /// <returns>How often each call was made, by its name; "syscall_0x1d0" is one that strace does not know.</returns>
    public IReadOnlyDictionary<string, long> Stop()
    {
        // The shell's own kill: a machine need not have the program.
        using (Process shell = Process.Start("sh", ["-c", $"kill -INT {_strace.Id.ToString(CultureInfo.InvariantCulture)}"]))
            shell.WaitForExit();
        _strace.WaitForExit();
        return File.ReadLines(_file).Select(line => Call().Match(line)).Where(call => call.Success)
            .GroupBy(call => call.Groups[1].Value).ToDictionary(calls => calls.Key, calls => calls.LongCount());
    }

    public void Dispose()
    {
        if (!_strace.HasExited)
            _strace.Kill();
        _strace.Dispose();
        File.Delete(_file);
    }

    /// <summary>A call begins once, also where its end has a line of its own.</summary>
    [GeneratedRegex(@"^\d+ +(\w+)\(")]
    private static partial Regex Call();
}
