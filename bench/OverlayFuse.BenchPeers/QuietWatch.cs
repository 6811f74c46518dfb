using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>Measures how quiet the machine is before, between and after the rows of one run.</summary>
internal sealed class QuietWatch
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    /// <summary>The build that started this program, and the pages that its last row left for the disk, need some seconds.</summary>
    private const int Tries = 5;

    private readonly string _client;
    private readonly RoundTrip _roundTrip;
    private readonly double _before;
    private readonly List<double> _between = [];

    /// <param name="client">Path of the client.</param>
    public QuietWatch(string client)
    {
        _client = client;
        _before = Quietest();
        _roundTrip = NullFileSystem.Measure(client);
        if (_before > Quietness.Limit)
            Console.Error.WriteLine("This machine is busy: others use "
                + string.Create(CultureInfo.InvariantCulture, $"{_before * 100:F0} % of the processors. ")
                + "The results of a whole run will not be written.");
    }

    /// <summary>After each row.</summary>
    public void Look() => _between.Add(BusyShare(Short));

    public Quietness End() => new(_before, _between.Count == 0 ? 0 : _between.Order().ElementAt(_between.Count / 2), Quietest(),
        _roundTrip, NullFileSystem.Measure(_client));

    private static double Quietest()
    {
        double least = 1;
        for (int i = 0; i < Tries && least > Quietness.Limit; i++)
            least = Math.Min(least, BusyShare(Long));
        return least;
    }

    /// <summary>What a host takes away from a virtual machine ("steal") is busy, too.</summary>
    private static double BusyShare(TimeSpan time)
    {
        (long busy, long all) = Ticks();
        Thread.Sleep(time);
        (long laterBusy, long laterAll) = Ticks();
        return laterAll == all ? 0 : (double)(laterBusy - busy) / (laterAll - all);
    }

    /// <summary>"cpu" USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL, and what is counted in USER and NICE.</summary>
    private static (long Busy, long All) Ticks()
    {
        string line = File.ReadLines("/proc/stat").First();
        long[] ticks = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9].Select(word =>
            long.Parse(word, CultureInfo.InvariantCulture))];
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }
}
