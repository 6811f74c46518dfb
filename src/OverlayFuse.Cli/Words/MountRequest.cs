using OverlayFuse.Overlay;

namespace OverlayFuse.Cli.Words;

/// <summary>All that the command line asked for, understood. Of the disk only the file of layers_file= was read.</summary>
internal sealed record MountRequest
{
    /// <summary>Nothing is asked for yet.</summary>
    public static MountRequest Empty { get; } = new() { Overlay = new OverlayOptions { LowerDirs = [] }, MountPoint = "", Source = "" };

    public required OverlayOptions Overlay { get; init; }

    public required string MountPoint { get; init; }

    /// <summary>The source that /proc/mounts shows.</summary>
    public required string Source { get; init; }

    /// <summary>Words of mount(8) for the mount itself: ro, nodev, context=...; each at most once.</summary>
    public IReadOnlyList<string> MountWords { get; init; } = [];

    /// <summary>Options that another one has turned on or off, a line each: "redirect_dir: on, because metacopy=on".</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>True if other users may enter. Null: as far as the mounting user is allowed to say so.</summary>
    public bool? AllowOther { get; init; }

    /// <summary>Of other users only root may enter.</summary>
    public bool AllowRoot { get; init; }

    /// <summary>True if fusermount3 may be asked when the kernel refuses: not in a user namespace of our own.</summary>
    public bool UsesHelper { get; init; } = true;

    /// <summary>Bytes.</summary>
    public uint MaxReadahead { get; init; } = 512 << 10;

    public bool Foreground { get; init; }

    public bool Trace { get; init; }

    /// <summary>io_uring carries the requests where the kernel offers it.</summary>
    public bool UsesRing { get; init; } = true;

    /// <summary>One thread serves requests, as long as <see cref="MostThreads"/> does not say more.</summary>
    public bool SingleThread { get; init; }

    /// <summary>With <see cref="SingleThread"/>: how many threads there may be at most.</summary>
    public int MostThreads { get; init; } = 1;
}
