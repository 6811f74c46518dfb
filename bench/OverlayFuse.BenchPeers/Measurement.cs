namespace OverlayFuse.BenchPeers;

internal enum Unit
{
    Seconds,
    Bytes,
}

/// <summary>What ours must reach: a ratio to the kernel's overlayfs, or seconds or bytes when <see cref="IsAbsolute"/>.</summary>
internal sealed record Target(double Root, double Rootless, bool IsAbsolute = false)
{
    public static Target Ratio(double ratio) => new(ratio, ratio);

    public static Target AtMost(double value) => new(value, value, IsAbsolute: true);

    public double In(Mode mode) => mode == Mode.Root ? Root : Rootless;
}

/// <summary>One figure of a row.</summary>
internal abstract record Measurement(string Label, Target? Target)
{
    /// <summary>A new mount before it; else the mount of the one before.</summary>
    public bool Fresh { get; init; }

    /// <summary>The tree is changed: the bare disk gets a copy.</summary>
    public bool Changes { get; init; }

    public virtual Unit Unit => Unit.Seconds;

    public virtual bool Mounts => true;

    public abstract Outcome Take(Turn turn);
}

/// <summary>The time of one action of the client, after others that are not timed.</summary>
internal sealed record ActionTime(string Label, Target? Target, params string[] Action) : Measurement(Label, Target)
{
    public IReadOnlyList<string[]> Before { get; init; } = [];

    public override Outcome Take(Turn turn) => Prepare(turn) ?? turn.Client(Action);

    /// <returns>What failed; null when all is ready.</returns>
    public Outcome? Prepare(Turn turn) =>
        Before.Select(action => turn.Client(action)).FirstOrDefault(outcome => outcome.Failure is not null);
}

/// <summary>From the start of the mount command to the end of the first readdir.</summary>
internal sealed record MountTime(string Label, Target? Target) : Measurement(Label, Target)
{
    public override bool Mounts => false;

    public override Outcome Take(Turn turn) => turn.Program.IsBare ? Outcome.Failed("") : turn.MountAndList();
}

/// <summary>The daemon when nothing has happened for two seconds after the first listing of the root.</summary>
internal sealed record IdleMemory(string Label, Target? Target) : Measurement(Label, Target)
{
    public override Unit Unit => Unit.Bytes;

    public override Outcome Take(Turn turn)
    {
        turn.Client("list-directory", ".");
        Thread.Sleep(TimeSpan.FromSeconds(2));
        return turn.ResidentBytes() is { } bytes ? new Outcome(bytes) : Outcome.Failed("");
    }
}

/// <summary>What the daemon grows by for each file that the kernel knows.</summary>
internal sealed record InodeMemory(string Label, Target? Target) : Measurement(Label, Target)
{
    public override Unit Unit => Unit.Bytes;

    public override Outcome Take(Turn turn)
    {
        double? before = turn.ResidentBytes();
        Outcome walk = turn.Client("stat-directory", "deep");
        if (walk.Failure is not null)
            return walk;
        return turn.ResidentBytes() - before is { } growth ? new Outcome(growth / walk.Count, walk.Count) : Outcome.Failed("");
    }
}

/// <summary>A line of the table: measurements on one set of layers.</summary>
internal sealed record Row(string Name, LayerSet Layers, params Measurement[] Measurements);
