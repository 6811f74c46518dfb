using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using OverlayFuse.Tools.Containerd;

namespace OverlayFuse.Tools.Snapshotter.Model;

/// <summary>Makes and changes what containerd knows of a snapshot.</summary>
internal static class Infos
{
    private const string Labels = "labels", OneLabel = "labels.";

    public static Info New(string name, string parent, Kind kind, MapField<string, string> labels)
    {
        var now = Timestamp.FromDateTime(DateTime.UtcNow);
        var info = new Info { Name = name, Parent = parent, Kind = kind, CreatedAt = now, UpdatedAt = now };
        SetLabels(info, labels);
        return info;
    }

    /// <summary>Takes over what may change: the labels, all of them or those that <paramref name="fields"/> name.</summary>
    public static void Update(Info info, Info wanted, IEnumerable<string> fields)
    {
        string[] paths = [.. fields];
        foreach (string path in paths.Length == 0 ? [Labels] : paths)
        {
            if (path == Labels)
                SetLabels(info, wanted.Labels);
            else if (path.StartsWith(OneLabel, StringComparison.Ordinal))
                SetLabel(info, path[OneLabel.Length..], wanted.Labels);
            else
                throw Refusal.Invalid($"the field {path} of snapshot {info.Name} cannot change");
        }
        IdMapLabels.Check(info.Labels);
        info.UpdatedAt = Timestamp.FromDateTime(DateTime.UtcNow);
    }

    private static void SetLabels(Info info, MapField<string, string> labels)
    {
        // The two may be one.
        KeyValuePair<string, string>[] kept = [.. labels.Where(label => label.Value.Length > 0)];
        info.Labels.Clear();
        foreach ((string name, string value) in kept)
            info.Labels[name] = value;
    }

    /// <summary>A label without a value goes.</summary>
    private static void SetLabel(Info info, string name, MapField<string, string> labels)
    {
        if (labels.TryGetValue(name, out string? value) && value.Length > 0)
            info.Labels[name] = value;
        else
            _ = info.Labels.Remove(name);
    }
}
