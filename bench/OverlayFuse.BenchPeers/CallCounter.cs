using System.Diagnostics;
using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>
/// System calls of a process and its threads while something is done, counted by strace. What is timed meanwhile means nothing. Mount.Tests has this
/// file, too.
/// </summary>
internal sealed class CallCounter : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly Process _strace;

    public CallCounter(int process)
    {
        string id = process.ToString(CultureInfo.InvariantCulture);
        _strace = Process.Start(new ProcessStartInfo("strace", ["-f", "-c", "-U", "calls,name", "-o", _file, "-p", id]) { RedirectStandardError = true })!;
        string? said = _strace.StandardError.ReadLine();
        if (said?.Contains("attached", StringComparison.Ordinal) != true) // to all its threads
            throw new InvalidOperationException($"strace -p {id}: {said}");
    }

    /// <summary>Ends counting.</summary>
    /// <returns>How often each call was made, by its name.</returns>
    public IReadOnlyDictionary<string, long> Stop()
    {
        using (Process kill = Process.Start("kill", ["-INT", _strace.Id.ToString(CultureInfo.InvariantCulture)]))
            kill.WaitForExit();
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
