namespace OverlayFuse.Cli.Words;

/// <summary>The options that were read so far. The rules of <see cref="OptionTable"/> write into it, and the last option wins.</summary>
internal sealed class MountSettings
{
    /// <summary>The request. Its layers and its words for the mount are filled in at the end, from the properties below.</summary>
    public MountRequest Request { get; set; } = MountRequest.Empty;

    /// <summary>The lower layers.</summary>
    public LayerWords Layers { get; } = new();

    /// <summary>Words for the mount itself, by subject: "dev" for dev and nodev.</summary>
    public Dictionary<string, string> MountWords { get; } = [];

    /// <summary>index=; null if it was not written: <see cref="OptionConflicts"/> decides.</summary>
    public bool? Index { get; set; }
}
