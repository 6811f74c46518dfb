using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>Measures how quiet the machine is before, between and after the rows of one run.</summary>
internal sealed class QuietWatch
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);

    private readonly string _client;
    private readonly RoundTrip _roundTrip;
    private readonly Activity _before;
    private readonly List<Activity> _between = [];

    /// <param name="client">Path of the client.</param>
    public QuietWatch(string client)
    {
        _client = client;
        _before = Activity.Quietest(Long);
        _roundTrip = NullFileSystem.Measure(client);
        if (_before.Share > Quietness.Limit)
            Console.Error.WriteLine("This machine is busy: others use "
                + string.Create(CultureInfo.InvariantCulture, $"{_before.Share * 100:F0} % of the processors, most of all ")
                + $"{_before.Busiest}. The results of a whole run will not be written.");
    }

    /// <summary>After each row.</summary>
    public void Look() => _between.Add(Activity.Quietest(Short));

    public Quietness End()
    {
        Activity after = Activity.Quietest(Long);
        double between = _between.Count == 0 ? 0 : _between.Select(activity => activity.Share).Order().ElementAt(_between.Count / 2);
        string busiest = _between.Append(_before).Append(after).MaxBy(activity => activity.Share)!.Busiest;
        return new Quietness(_before.Share, between, after.Share, _roundTrip, NullFileSystem.Measure(_client)) { Busiest = busiest };
    }
}
