using System.Text.Json.Serialization;

namespace OverlayFuse.Tools.Serving;

/// <summary>One mount option, as <c>overlayfuse options --json</c> writes it.</summary>
/// <param name="Name">Without '='.</param>
/// <param name="Value">The form of the value; empty if it takes none, "[...]" if it may be left out.</param>
/// <param name="Use">"taken", "mount", "accepted" or "refused".</param>
/// <param name="Text">One line.</param>
internal sealed record MountOption(string Name, string Value, string Use, string Text)
{
    /// <summary>True if it does something.</summary>
    public bool IsOffered => Use is "taken" or "mount";
}

/// <summary>One layer of a mount.</summary>
internal sealed record ServedLayer(string Role, string Path);

/// <summary>One mount, as <c>overlayfuse list --json</c> writes it.</summary>
internal sealed record ServedMount(string Mountpoint, string State)
{
    public long? User { get; init; }

    public bool ReadOnly { get; init; }

    public string? Io { get; init; }

    public bool? Userxattr { get; init; }

    public int? Pid { get; init; }

    public long? UptimeSeconds { get; init; }

    public long? ResidentBytes { get; init; }

    public long? CopyUps { get; init; }

    public long? Inodes { get; init; }

    public ServedLayer[] Layers { get; init; } = [];

    public string[] Notes { get; init; } = [];

    public string[] Events { get; init; } = [];
}

/// <summary>One line of <c>overlayfuse doctor --json</c>.</summary>
internal sealed record ServedFinding(string Key, string Status, string? Detail);

/// <summary>The forms of the answers, with their readers made by the compiler.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CommandModel[]))]
[JsonSerializable(typeof(MountOption[]))]
[JsonSerializable(typeof(ServedMount[]))]
[JsonSerializable(typeof(ServedFinding[]))]
internal sealed partial class ServingJson : JsonSerializerContext;
