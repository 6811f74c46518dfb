using OverlayFuse.Overlay.Live;

namespace OverlayFuse.Cli.Mounts;

/// <summary>The state of a mount's daemon.</summary>
internal enum MountState
{
    /// <summary>It answers.</summary>
    Live,

    /// <summary>It is gone, and the mount is left over.</summary>
    Dead,

    /// <summary>It has not answered in time.</summary>
    Silent,

    /// <summary>Another mount lies over this one, or the caller may not enter it, or its daemon has an older version.</summary>
    Unknown,
}

/// <summary>The answer of a mount's daemon.</summary>
/// <param name="State">If it answers.</param>
/// <param name="Statistics">What it tells of itself; null if it does not answer.</param>
/// <param name="Layers">Role and path, topmost first.</param>
internal sealed record MountAnswer(MountState State, LiveStatistics? Statistics, IReadOnlyList<(string Role, string Path)> Layers)
{
    /// <summary>
    /// The daemon's process id. Null if it counts in another process namespace, or if that process is not seen to serve the mount.
    /// </summary>
    public int? ProcessId { get; init; }

    /// <summary>Options that the mount does not follow as they were written, a line each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The last messages of the daemon, a line each.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    public static MountAnswer Nothing(MountState state) => new(state, null, []);
}
