using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>What others did with the processors while this program slept.</summary>
/// <param name="Share">Of all processors' time.</param>
/// <param name="Busiest">The process that used most of it, as "NAME (pid ID)"; empty if there is none.</param>
internal sealed record Activity(double Share, string Busiest)
{
    /// <summary>Watches for some time, again if that was not quiet: what a build or a row left running is not others' work.</summary>
    public static Activity Quietest(TimeSpan time)
    {
        const int Tries = 5;
        Activity least = During(time);
        for (int i = 1; i < Tries && least.Share > Quietness.Limit; i++)
        {
            Activity next = During(time);
            least = next.Share < least.Share ? next : least;
        }
        return least;
    }

    private static Activity During(TimeSpan time)
    {
        Dictionary<int, (string Name, long Time)> processes = Processes();
        (long busy, long all) = Ticks();
        Thread.Sleep(time);
        (long laterBusy, long laterAll) = Ticks();
        (int id, string name, long used) = Processes()
            .Select(process => (process.Key, process.Value.Name, process.Value.Time - processes.GetValueOrDefault(process.Key).Time))
            .MaxBy(process => process.Item3);
        return new Activity(laterAll == all ? 0 : (double)(laterBusy - busy) / (laterAll - all), used > 0 ? $"{name} (pid {id})" : "");
    }

    /// <summary>
    /// "cpu" USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL, and what is counted in USER and NICE. What a host takes away from a virtual
    /// machine ("steal") is busy, too.
    /// </summary>
    private static (long Busy, long All) Ticks()
    {
        string line = File.ReadLines("/proc/stat").First();
        long[] ticks = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9].Select(Number)];
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }

    /// <summary>Processor time of all processes but this one.</summary>
    private static Dictionary<int, (string Name, long Time)> Processes()
    {
        Dictionary<int, (string, long)> found = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int id) && id != Environment.ProcessId
                && Daemons.Lines($"{directory}/stat") is [var line, ..])
                found[id] = (Name(line), Time(line));
        }
        return found;
    }

    /// <summary>"ID (NAME) STATE ...": a name may hold anything.</summary>
    private static string Name(string line) => line[(line.IndexOf('(', StringComparison.Ordinal) + 1)..line.LastIndexOf(')')];

    /// <summary>UTIME and STIME are the fields 14 and 15.</summary>
    private static long Time(string line) => line[(line.LastIndexOf(')') + 2)..].Split(' ')[11..13].Sum(Number);

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);
}
