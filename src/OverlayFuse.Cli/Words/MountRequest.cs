using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>All that the command line asked for, understood; nothing on disk was looked at but the file of layers_file=.</summary>
internal sealed record MountRequest
{
    public required OverlayOptions Overlay { get; init; }

    public required string MountPoint { get; init; }

    /// <summary>What /proc/mounts shows as the source.</summary>
    public required string Source { get; init; }

    /// <summary>Words of mount(8) for the mount itself: ro, nodev, context=...; each at most once.</summary>
    public required IReadOnlyList<string> MountWords { get; init; }

    /// <summary>Whether other users may enter; null: as far as the mounting user is allowed to say so.</summary>
    public bool? AllowOther { get; init; }

    /// <summary>Of others only root may enter.</summary>
    public bool AllowRoot { get; init; }

    /// <summary>Whether fusermount3 may be asked where the kernel refuses: not in a user namespace of our own.</summary>
    public bool UsesHelper { get; init; } = true;

    /// <summary>Bytes.</summary>
    public required uint MaxReadahead { get; init; }

    public bool Foreground { get; init; }

    public bool Trace { get; init; }

    public bool SingleThread { get; init; }
}
