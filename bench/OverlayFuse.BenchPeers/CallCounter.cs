using System.Diagnostics;
using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>System calls of one daemon while something is done, counted by strace. What is timed meanwhile means nothing.</summary>
internal sealed class CallCounter : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly Process _strace;

    public CallCounter(int daemon)
    {
        string id = daemon.ToString(CultureInfo.InvariantCulture);
        _strace = Command.Start(["strace", "-f", "-c", "-U", "calls,name", "-o", _file, "-p", id]);
        _strace.StandardError.ReadLine(); // "Process ... attached": all its threads are
    }

    /// <summary>Ends counting.</summary>
    public IReadOnlyDictionary<string, long> Stop()
    {
        Command.Run(["kill", "-INT", _strace.Id.ToString(CultureInfo.InvariantCulture)], TimeSpan.FromSeconds(5));
        _strace.WaitForExit();
        return File.ReadLines(_file).Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length == 2 && words[1] != "total" && long.TryParse(words[0], CultureInfo.InvariantCulture, out _))
            .ToDictionary(words => words[1], words => long.Parse(words[0], CultureInfo.InvariantCulture));
    }

    public void Dispose()
    {
        if (!_strace.HasExited)
            _strace.Kill();
        _strace.Dispose();
        File.Delete(_file);
    }
}
