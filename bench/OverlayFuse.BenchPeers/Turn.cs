using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>
/// What one measurement gave: seconds or bytes, or why there is none. Count is what the client did, equal for all programs.
/// </summary>
internal sealed record Outcome(double Value, long Count = 0, string? Failure = null)
{
    public static Outcome Failed(string why) => new(double.NaN, 0, why);
}

/// <summary>One program's turn in a row: mounts, has the client work, unmounts.</summary>
internal sealed class Turn(Workspace workspace, UnionProgram program, LayerSet set, Settings settings) : IDisposable
{
    private MountPlace? _place;

    public UnionProgram Program => program;

    /// <summary>Where the client works: the merged view, or for the bare disk the plain tree (a copy of it when it is changed).</summary>
    private string Root { get; set; } = "";

    /// <summary>Makes a new mount; the old one is gone.</summary>
    /// <returns>Why there is none; null when there is.</returns>
    public string? Renew(bool changes, bool mounts)
    {
        Leave();
        _place = workspace.NewPlace(set);
        if (program.IsBare)
            return Copy(changes);
        Root = _place.Merged;
        if (!mounts)
            return null;
        Finished finished = workspace.Run(_place.Layers, [.. program.MountCommand(_place, settings.Mode)]);
        return finished.Succeeded ? null : finished.Failure;
    }

    /// <summary>An action of the client in the root of the mount.</summary>
    public Outcome Client(params string[] action)
    {
        double before = DaemonSeconds();
        Outcome outcome = Read(workspace.Client(Root, action));
        return outcome with { Value = outcome.Value + DaemonSeconds() - before };
    }

    /// <summary>Mounts and lists the root: both timed.</summary>
    public Outcome MountAndList() =>
        Read(workspace.Client(_place!.Layers, ["mount-until-readdir", _place.Merged, .. program.MountCommand(_place, settings.Mode)]));

    /// <summary>Bytes of the daemon in memory.</summary>
    public double? ResidentBytes() => Daemon() is { } id ? Daemons.ResidentBytes(id) : null;

    public void Dispose() => Leave();

    public int? Daemon() => program.IsBare || program.IsKernel ? null : Daemons.Find(_place!.Merged);

    /// <summary>A copy of the directories; files beside them are the same ones: what is in them is never looked at.</summary>
    private string? Copy(bool changes)
    {
        Root = changes ? _place!.Merged : workspace.PlainOf(set);
        if (!changes)
            return null;
        const string Script = """for entry in "$0"/*; do if [ -d "$entry" ]; then cp -a "$entry" .; else ln "$entry" .; fi || exit; done""";
        Finished finished = workspace.Run(Root, "sh", "-c", Script, workspace.PlainOf(set));
        return finished.Succeeded ? null : finished.Failure;
    }

    private void Leave()
    {
        if (_place is null)
            return;
        if (!program.IsBare)
            Unmount(_place);
        workspace.Leave(_place);
        _place = null;
    }

    /// <summary>Also what a command has mounted that then failed or hung.</summary>
    private void Unmount(MountPlace place)
    {
        int? daemon = Daemon();
        if (!workspace.Run("/", "umount", place.Merged).Succeeded)
        {
            Daemons.Kill(daemon);
            workspace.Run("/", "umount", "-l", place.Merged);
        }
        Daemons.AwaitEnd(daemon);
    }

    /// <summary>Processor time of the daemon, where that is asked for.</summary>
    private double DaemonSeconds() => settings.Cpu && Daemon() is { } id ? Daemons.ProcessorSeconds(id) : 0;

    /// <summary>"NANOSECONDS COUNT PROCESSOR_NANOSECONDS".</summary>
    private Outcome Read(Finished finished)
    {
        if (!finished.Succeeded)
            return Outcome.Failed(finished.Failure);
        string[] words = finished.Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return new Outcome(long.Parse(words[settings.Cpu ? 2 : 0], CultureInfo.InvariantCulture) / 1e9,
            long.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
