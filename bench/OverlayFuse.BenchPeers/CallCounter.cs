using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace OverlayFuse.BenchPeers;

/// <summary>
/// System calls of one daemon while something is done, from strace's log: its own count (-c) leaves out calls that are newer than it. What is timed
/// meanwhile means nothing.
/// </summary>
internal sealed partial class CallCounter : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly Process _strace;

    public CallCounter(int daemon)
    {
        string id = daemon.ToString(CultureInfo.InvariantCulture);
        _strace = Command.Start(["strace", "-f", "-s", "0", "-o", _file, "-p", id]);
        _strace.StandardError.ReadLine(); // "Process ... attached": all its threads are
    }

    /// <summary>Ends counting.</summary>
    public IReadOnlyDictionary<string, long> Stop()
    {
        Command.Run(["kill", "-INT", _strace.Id.ToString(CultureInfo.InvariantCulture)], TimeSpan.FromSeconds(5));
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
