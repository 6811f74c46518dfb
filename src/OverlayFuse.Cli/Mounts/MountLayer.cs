using System.Text.Json;

namespace OverlayFuse.Cli.Mounts;

/// <summary>One layer of a live mount, as <c>layers --json</c> and <c>list --json</c> write it.</summary>
/// <param name="Role">"upper", "lower" or "data".</param>
/// <param name="Path">As the daemon was given it.</param>
internal sealed record MountLayer(string Role, string Path) : IJsonObject
{
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString("role", Role);
        JsonOutput.WritePath(json, "path", Path);
    }
}
