using System.Text.Json;

namespace OverlayFuse.Cli.Mounts;

/// <summary>One layer of a live mount, as <c>layers --json</c> and <c>list --json</c> write it.</summary>
/// <param name="role">"upper", "lower" or "data".</param>
/// <param name="path">As the daemon was given it.</param>
internal sealed class MountLayer(string role, string path) : IJsonObject
{
    public string Role { get; } = role;

    public string Path { get; } = path;

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString("role", Role);
        JsonOutput.WritePath(json, "path", Path);
    }
}
