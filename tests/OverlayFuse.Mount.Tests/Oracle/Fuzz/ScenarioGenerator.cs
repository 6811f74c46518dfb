using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>The random scenario of a seed: always the same one.</summary>
internal static class ScenarioGenerator
{
    private const int FewestOperations = 50, MostOperations = 90, MostLowers = 5;

    public static Scenario Make(int seed)
    {
        var random = new Random(seed);
        var layers = new LayerGenerator(random);
        Layer upper = layers.Make(isUpper: true);
        Layer[] lowers = [.. Enumerable.Range(0, random.Next(1, MostLowers + 1)).Select(_ => layers.Make(isUpper: false))];
        var operations = new OperationGenerator(random);
        return new Scenario(upper, lowers, [.. Enumerable.Range(0, random.Next(FewestOperations, MostOperations)).Select(_ => operations.Next())]);
    }
}
