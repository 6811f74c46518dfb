using System.Text.Json;
using OverlayFuse.Mount.Tests.Cli;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Verbs;

/// <summary>What `overlayfuse list --json` says.</summary>
internal static class MountList
{
    /// <summary>Of one mountpoint; null when it is not listed.</summary>
    public static JsonElement? Of(string mountpoint) => Find(Overlayfuse.Start("/", "list", "--json"), mountpoint);

    public static JsonElement? Find(ToolResult result, string mountpoint)
    {
        Assert.That((result.ExitCode, result.Error), Is.EqualTo((0, "")));
        JsonElement[] found = [.. JsonDocument.Parse(result.Output).RootElement.EnumerateArray()
            .Where(mount => mount.GetProperty("mountpoint").GetString() == mountpoint)];
        return found.Length == 0 ? null : found.Single();
    }
}
