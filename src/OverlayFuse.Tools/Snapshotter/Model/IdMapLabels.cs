using System.Text.RegularExpressions;
using Google.Protobuf.Collections;

namespace OverlayFuse.Tools.Snapshotter.Model;

/// <summary>The labels by which containerd asks for other owners, as options of overlayfuse.</summary>
internal static partial class IdMapLabels
{
    private static readonly (string Label, string Option)[] s_known =
    [
        ("containerd.io/snapshot/uidmapping", "uidmapping"),
        ("containerd.io/snapshot/gidmapping", "gidmapping"),
    ];

    /// <summary>The options that go with the labels of a snapshot.</summary>
    public static IReadOnlyList<string> OptionsOf(MapField<string, string> labels) =>
        [.. from known in s_known
            where labels.ContainsKey(known.Label)
            select $"{known.Option}={labels[known.Label].Replace(',', ':')}"];

    /// <summary>Refuses maps that overlayfuse would not take.</summary>
    public static void Check(MapField<string, string> labels)
    {
        foreach ((string label, _) in s_known)
        {
            if (labels.TryGetValue(label, out string? map) && !Map().IsMatch(map))
                throw Refusal.Invalid($"{label}: {map}: not INSIDE:OUTSIDE:COUNT, with commas between several");
        }
    }

    [GeneratedRegex("^[0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10}([,:][0-9]{1,10}:[0-9]{1,10}:[0-9]{1,10})*$")]
    private static partial Regex Map();
}
