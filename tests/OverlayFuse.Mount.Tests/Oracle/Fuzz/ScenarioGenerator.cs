using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>The random scenario of a seed: always the same one.</summary>
internal static class ScenarioGenerator
{
    /// <summary>The dimensions of mount options; the first is left to half of the seeds.</summary>
    private static readonly string[] Options = ["", "redirect_dir=on", "redirect_dir=on,metacopy=on", "redirect_dir=nofollow", "index=on", "index=on,redirect_dir=on,metacopy=on"];

    private const int FewestOperations = 50, MostOperations = 90, MostLowers = 5;

    public static Scenario Make(int seed)
    {
        var random = new Random(seed);
        var layers = new LayerGenerator(random);
        Layer upper = layers.Make(isUpper: true);
        Layer[] lowers = [.. Enumerable.Range(0, random.Next(1, MostLowers + 1)).Select(_ => layers.Make(isUpper: false))];
        var operations = new OperationGenerator(random);
        Operation[] steps = [.. Enumerable.Range(0, random.Next(FewestOperations, MostOperations)).Select(_ => operations.Next())];
        string options = Options[seed % 2 == 0 ? 0 : seed / 2 % Options.Length];
        return new Scenario(upper, lowers, steps, options) { OnlyMerged = options.Contains("index=on", StringComparison.Ordinal) };
    }
}
