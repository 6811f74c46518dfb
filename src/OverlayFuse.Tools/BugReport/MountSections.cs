using System.Globalization;
using OverlayFuse.Linux;
using OverlayFuse.Overlay.Layers;
using OverlayFuse.Tools.Serving;

namespace OverlayFuse.Tools.BugReport;

/// <summary>The section of a mount: its state, options, layers and last events, as the serving program has asked for them.</summary>
internal static class MountSections
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>The mount that the user names, or all mounts of the user.</summary>
    /// <exception cref="IOException">No mount of the user is there.</exception>
    public static ServedMount[] Find(string? mountPoint)
    {
        ServedMount[] mounts = ServingProgram.Ask(ServingJson.Default.ServedMountArray, "list", "--json");
        if (mountPoint is null)
            return mounts;
        // The mountpoint is not looked at: it may never answer.
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(mountPoint));
        return mounts.LastOrDefault(mount => mount.Mountpoint == path) is { } found ? [found] : throw new IOException(
            $"{mountPoint}: no overlayfuse mount of yours is there; name a mountpoint as 'overlayfuse list' shows it");
    }

    /// <summary>Tells the redaction the paths of a mount.</summary>
    public static void AddPaths(Redaction redaction, ServedMount mount, int number)
    {
        redaction.AddPath(mount.Mountpoint, $"MOUNTPOINT{number}");
        foreach ((ServedLayer layer, int index) in mount.Layers.Select((layer, index) => (layer, index)))
            redaction.AddPath(layer.Path, Name(mount, index, number));
    }

    public static IEnumerable<string> Lines(ServedMount mount)
    {
        MountTable mounts = OwnMounts.Read();
        MountEntry? entry = mounts.OnTopAt(mount.Mountpoint);
        return
        [
            $"mountpoint: {mount.Mountpoint}",
            $"state: {mount.State}",
            $"flags: {(entry is null ? "unknown" : string.Join(',', entry.Options))}",
            $"options: {DaemonOptions.Of(mount.Pid)}",
            string.Create(CultureInfo.InvariantCulture, $"statistics: io={mount.Io ?? "unknown"}, {mount.Layers.Length} layers, "
                + $"up {mount.UptimeSeconds} s, {mount.ResidentBytes} bytes, {mount.CopyUps} copied up, {mount.Inodes} inodes"),
            .. mount.Layers.Select(layer => $"{layer.Role}: {layer.Path}: {FileSystemOf(layer.Path, mounts)}"),
            .. mount.Notes.Select(note => $"note: {note}"),
            .. mount.Events.Select(text => $"event: {text}"),
        ];
    }

    /// <summary>UPPER1, LAYER1.2 ...</summary>
    private static string Name(ServedMount mount, int index, int number) => mount.Layers[index].Role == "upper"
        ? $"UPPER{number}" : string.Create(CultureInfo.InvariantCulture, $"LAYER{number}.{index + 1}");

    /// <summary>The type is that of the longest mountpoint above. A child asks for the sizes: a disk that hangs hangs the child.</summary>
    private static string FileSystemOf(string path, MountTable mounts)
    {
        MountEntry? on = mounts.Entries.Where(entry => IsAbove(entry.MountPoint, path)).MaxBy(entry => entry.MountPoint.Length);
        const string form = "blocks of %S bytes: %b, free %a; files: %c, free %d";
        string sizes = OtherProgram.Run(s_patience, "stat", "-f", "-c", form, "--", path) switch
        {
            { Status: 0 } answer => answer.Output.Trim(),
            { Status: null } => "does not answer",
            _ => "sizes unknown",
        };
        return $"{on?.Type ?? "unknown"}; {sizes}";
    }

    private static bool IsAbove(string mountPoint, string path) =>
        mountPoint == "/" || path == mountPoint || path.StartsWith(mountPoint + "/", StringComparison.Ordinal);
}
