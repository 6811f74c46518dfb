using System.Globalization;

namespace OverlayFuse.BenchPeers;

/// <summary>
/// Layers on disk, made once for all programs, and the same tree as one plain directory for the bare disk. <see cref="Make"/> runs
/// client actions in the directory of the layers and then in the plain one.
/// </summary>
internal sealed record LayerSet(string Name, int Layers, Func<LayerSet, IEnumerable<string[]>> Make,
    Func<LayerSet, IEnumerable<string[]>> MakePlain)
{
    /// <summary>What making and using it starts, beside the programs of Debian's base and of bench/debian-packages.txt.</summary>
    public IReadOnlyList<Tool> Needs { get; init; } = [];

    public IReadOnlyList<string> Lowers => [.. Enumerable.Range(0, Layers).Select(Text)];

    /// <summary>Small files dealt out over eight layers that all have all directories, and a large file at the bottom.</summary>
    public static LayerSet Project(int files, int mebibytes) => new("project", 8,
        set => [.. set.Lowers.Select(l => (string[])["make-directory", l]),
            .. Enumerable.Range(0, 8).Select(l => (string[])["make-tree", $"{l}/tree", Text(files), Text(l), "8"]),
            ["make-file", "7/large", Text(mebibytes)]],
        _ => [["make-tree", "tree", Text(files), "0", "1"], ["make-file", "large", Text(mebibytes)]]);

    /// <summary>One directory in all layers, its names dealt out.</summary>
    public static LayerSet Names(string name, int layers, int names) => new(name, layers,
        _ => [["make-layers", ".", Text(layers), Text(names)]],
        _ => [["make-names", "deep", Text(names), "0", "1"]]);

    /// <summary>Small files in one layer, as an image has them; the plain ones have the same times.</summary>
    public static LayerSet Image(int files) => new("image", 1,
        _ => [["make-directory", "0"], ["make-tree", "0/tree", Text(files), "0", "1"]],
        _ => [["run", ".", "cp", "-a", "../layers/0/tree", "."]]);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
