using OverlayFuse.Tools.Containerd;
using OverlayFuse.Tools.Snapshotter.Disk;
using OverlayFuse.Tools.Snapshotter.Model;

namespace OverlayFuse.Tools.Snapshotter;

/// <summary>
/// How containerd mounts a snapshot. A single layer is a bind mount. Several are a mount of overlayfuse: for a type that begins with
/// <c>fuse3.</c> containerd starts <c>mount.fuse3</c>, in the namespaces of its own, and that starts overlayfuse.
/// </summary>
/// <param name="directories">Where the layers are.</param>
/// <param name="empty">An empty directory: the lower layer of a snapshot that has a map of ids and no parent.</param>
internal sealed class MountPlan(SnapshotDirectories directories, string empty)
{
    private const string Overlay = "fuse3.overlayfuse";

    public Mount For(Entry entry, IReadOnlyList<Entry> parents)
    {
        IReadOnlyList<string> maps = IdMapLabels.OptionsOf(entry.Info.Labels);
        bool isActive = entry.Info.Kind == Kind.Active;
        string[] lowers = [.. parents.Select(parent => directories.LayerOf(parent.Id))];
        string own = directories.LayerOf(entry.Id);
        if (maps.Count == 0 && (lowers.Length == 0 || (lowers.Length == 1 && !isActive)))
            return Bind(lowers.Length == 0 ? own : lowers[0], isActive);
        var mount = new Mount { Type = Overlay, Source = "overlay" };
        if (isActive)
            mount.Options.Add([$"workdir={directories.WorkOf(entry.Id)}", $"upperdir={own}"]);
        else
            mount.Options.Add("ro");
        mount.Options.Add("lowerdir=" + string.Join(':', lowers.Length == 0 ? [isActive ? empty : own] : lowers));
        mount.Options.Add(maps);
        return mount;
    }

    private static Mount Bind(string source, bool isWritable) =>
        new() { Type = "bind", Source = source, Options = { isWritable ? "rw" : "ro", "rbind" } };
}
