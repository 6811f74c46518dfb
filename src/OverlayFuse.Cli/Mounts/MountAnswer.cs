using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Mounts;

/// <summary>Whether a mount's daemon answers.</summary>
internal enum MountState
{
    /// <summary>It answers.</summary>
    Live,

    /// <summary>It is gone; the mount is left over.</summary>
    Dead,

    /// <summary>It has not answered in time.</summary>
    Silent,

    /// <summary>Another mount lies over this one, or we may not enter it, or its daemon is of an older version.</summary>
    Unknown,
}

/// <summary>What a mount's daemon says when it is asked.</summary>
/// <param name="State">Whether it answers.</param>
/// <param name="Statistics">What it says; null unless it answers.</param>
/// <param name="Layers">Role and path, topmost first.</param>
internal sealed record MountAnswer(MountState State, LiveStatistics? Statistics, IReadOnlyList<(string Role, string Path)> Layers)
{
    /// <summary>Its process id, where it counts in our process namespace.</summary>
    public int? ProcessId => Statistics is { ProcessNamespace: not 0 } told && told.ProcessNamespace == LiveStatistics.OwnProcessNamespace ? told.ProcessId : null;

    /// <summary>Asks, and waits as long as a daemon may take.</summary>
    public static MountAnswer Of(MountEntry entry) => new MountQuestion(entry).Await(MountQuestion.Patience);

    public static MountAnswer Nothing(MountState state) => new(state, null, []);
}
