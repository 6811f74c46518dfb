using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>The work directory on disk, with the layers; removed at the end. All in it is done by the client, in the territory.</summary>
internal sealed class Workspace : IDisposable
{
    /// <summary>For what is not measured: millions of files are made and removed.</summary>
    private static readonly TimeSpan LongPatience = TimeSpan.FromMinutes(15);

    private const long RoomToKeep = 12L << 30;

    private readonly Territory _territory;
    private readonly string _client;
    private readonly TimeSpan _patience;
    private readonly bool _plain;
    private readonly HashSet<string> _made = [];
    private readonly List<string> _left = [];
    private int _turns;

    public Workspace(Settings settings, Territory territory, string client, bool plain)
    {
        _territory = territory;
        _patience = settings.Patience;
        _plain = plain;
        Root = Directory.CreateDirectory(Path.Combine(settings.Disk, $"ovf-bench-{Environment.ProcessId}")).FullName;
        // ext4 then puts each turn into a block group of its own; other disks know no such thing
        Command.Run(["chattr", "+T", Root], _patience);
        _client = Path.Combine(Root, "client"); // where the ordinary user can reach it
        File.Copy(client, _client);
        if (territory.Owner is { } owner)
            Must(Command.Run(["chown", "-R", $"{owner}:{owner}", Root], _patience));
        PrepareGit();
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
            MustDo(Root, "make-directory", set.Name, LayersOf(set), PlainOf(set));
            foreach (string[] action in set.Make(set))
                MustDo(LayersOf(set), action);
            foreach (string[] action in _plain ? set.MakePlain(set) : [])
                MustDo(PlainOf(set), action);
            MustDo(Root, "sync");
        }
        MustDo(Root, "stat-tree", set.Name);
        MustDo(Root, "read-tree", set.Name);
    }

    /// <summary>Fresh, empty directories for one mount.</summary>
    public MountPlace NewPlace(LayerSet set)
    {
        string turn = Path.Combine(Root, "turn" + (++_turns).ToString(CultureInfo.InvariantCulture));
        MountPlace place = new(LayersOf(set), set.Lowers, turn + "/upper", turn + "/work", turn + "/merged");
        MustDo(Root, "make-directory", turn, place.Upper, place.Work, place.Merged);
        return place;
    }

    /// <summary>
    /// Leaves a turn's directories until the end, while there is room: ext4 looks at every inode of the group that was removed within the
    /// last minutes before it gives out a new one (recently_deleted), so what one turn removes would slow down what the next one makes.
    /// </summary>
    public void Leave(MountPlace place)
    {
        _left.Add(Path.GetDirectoryName(place.Merged)!);
        if (new DriveInfo(Root).AvailableFreeSpace > RoomToKeep)
            return;
        _left.ForEach(Remove);
        _left.Clear();
    }

    public void Dispose() => Remove(Root);

    /// <summary>Never into a mount that could not be unmounted.</summary>
    private void Remove(string directory) =>
        Must(_territory.Run("/", ["rm", "-rf", "--one-file-system", directory], LongPatience));

    /// <summary>The user's own configuration must not decide what git does.</summary>
    private void PrepareGit()
    {
        Environment.SetEnvironmentVariable("HOME", Root);
        Environment.SetEnvironmentVariable("GIT_CONFIG_GLOBAL", "/dev/null");
        foreach (string role in new[] { "AUTHOR", "COMMITTER" })
        {
            Environment.SetEnvironmentVariable($"GIT_{role}_NAME", "bench");
            Environment.SetEnvironmentVariable($"GIT_{role}_EMAIL", "bench@example.org");
        }
    }

    private void MustDo(string directory, params string[] action) =>
        Must(_territory.Run(directory, [_client, .. action], LongPatience));

    private static void Must(Finished finished)
    {
        if (!finished.Succeeded)
            throw new InvalidOperationException(finished.Failure);
    }
}
