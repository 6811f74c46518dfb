using OverlayFuse.Overlay.Live;

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
    /// <summary>The daemon's process id, where it counts in our process namespace and that process is seen to serve the mount.</summary>
    public int? ProcessId { get; init; }

    public static MountAnswer Nothing(MountState state) => new(state, null, []);
}
