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

/// <summary>The forms of the answers, with their readers made by the compiler.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CommandModel[]))]
[JsonSerializable(typeof(MountOption[]))]
internal sealed partial class ServingJson : JsonSerializerContext;
