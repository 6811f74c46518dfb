using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>
/// The lower layers of a scenario on their disks. Both sides mount the same ones: nobody writes them, and each build and each look at them
/// is spared once.
/// </summary>
internal sealed class LowerLayers
{
    private readonly List<TreeSnapshot> before;

    public LowerLayers(Scenario scenario, Place place)
    {
        Lowers = BuildAll(scenario.Lowers, place, "");
        Data = BuildAll(scenario.Data, place, "data");
        before = [.. All.Select(Take)];
    }

    /// <summary>Topmost first.</summary>
    public IReadOnlyList<string> Lowers { get; }

    public IReadOnlyList<string> Data { get; }

    private IEnumerable<string> All => Lowers.Concat(Data);

    /// <summary>What is not as it was, to the last change time.</summary>
    public IEnumerable<string> Changes() => All.SelectMany((layer, index) => Changes(before[index], layer));

    public static TreeSnapshot Take(string layer) => TreeSnapshot.Take(layer, TreeView.Untouched);

    public static IEnumerable<string> Changes(TreeSnapshot before, string layer) =>
        before.Differences(Take(layer), "before", "after").Select(line => $"lower layer {Path.GetFileName(layer)} was changed: {line}");

    private static List<string> BuildAll(IReadOnlyList<Layer> layers, Place place, string prefix)
    {
        var built = new List<string>();
        foreach (Layer layer in layers)
        {
            string directory = $"{place.On(layer.FileSystem)}/{prefix}{built.Count.ToString(CultureInfo.InvariantCulture)}";
            LayerBuilder.Build(layer, directory);
            if (layer.FileSystem == Media.ReadOnly) place.Freeze(directory);
            built.Add(directory);
        }
        return built;
    }
}
