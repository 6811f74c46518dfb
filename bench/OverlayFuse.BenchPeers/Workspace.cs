using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>The work directory on disk, with the layers; removed at the end. All in it is done by the client, in the territory.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly Territory _territory;
    private readonly string _client;
    private readonly TimeSpan _patience;
    private readonly HashSet<string> _made = [];
    private int _turns;

    public Workspace(Settings settings, Territory territory, string client)
    {
        _territory = territory;
        _client = client;
        _patience = settings.Patience;
        Root = Directory.CreateDirectory(Path.Combine(settings.Disk, $"ovf-bench-{Environment.ProcessId}")).FullName;
        File.Copy(client, Path.Combine(Root, "client")); // where the ordinary user can reach it
        _client = Path.Combine(Root, "client");
        if (territory.Owner is { } owner)
            Must(Command.Run(["chown", "-R", $"{owner}:{owner}", Root], _patience));
    }

    public string Root { get; }

    public string LayersOf(LayerSet set) => Path.Combine(Root, set.Name, "layers");

    public string PlainOf(LayerSet set) => Path.Combine(Root, set.Name, "plain");

    /// <summary>An action of the client, timed.</summary>
    public Finished Client(string directory, IEnumerable<string> action) => _territory.Run(directory, [_client, .. action], _patience);

    public Finished Run(string directory, params string[] words) => _territory.Run(directory, words, _patience);

    /// <summary>Makes the layers when they are not there yet, and has them in the page cache.</summary>
    public void Prepare(LayerSet set)
    {
        if (_made.Add(set.Name))
        {
            Must(Client(Root, ["make-directory", set.Name, LayersOf(set), PlainOf(set)]));
            foreach (string[] action in set.Make(set))
                Must(Client(LayersOf(set), action));
            foreach (string[] action in set.MakePlain(set))
                Must(Client(PlainOf(set), action));
            Must(Client(Root, ["sync", "."]));
        }
        Must(Client(Root, ["stat-tree", set.Name]));
        Must(Client(Root, ["read-tree", set.Name]));
    }

    /// <summary>Fresh, empty directories for one mount.</summary>
    public MountPlace NewPlace(LayerSet set)
    {
        string turn = Path.Combine(Root, "turn" + (++_turns).ToString(CultureInfo.InvariantCulture));
        MountPlace place = new(LayersOf(set), set.Lowers, turn + "/upper", turn + "/work", turn + "/merged");
        Must(Client(Root, ["make-directory", turn, place.Upper, place.Work, place.Merged]));
        return place;
    }

    public void Remove(MountPlace place) => Must(Run(Root, "rm", "-rf", Path.GetDirectoryName(place.Merged)!));

    public void Dispose() => Run("/", "rm", "-rf", "--one-file-system", Root);

    private static void Must(Finished finished)
    {
        if (!finished.Succeeded)
            throw new InvalidOperationException(finished.Failure);
    }
}
