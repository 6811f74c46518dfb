using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>The random scenario of a seed: always the same one.</summary>
internal sealed class ScenarioGenerator
{
    private const int FewestOperations = 50, MostOperations = 90, ManyLayers = 9, MostLayers = 64, MostRotations = 2;
    private readonly Random random;
    private readonly FileSystemGenerator fileSystems;
    private readonly OptionGenerator options;

    private ScenarioGenerator(int seed)
    {
        random = new Random(seed);
        fileSystems = new FileSystemGenerator(random);
        options = new OptionGenerator(random);
    }

    public static Scenario Make(int seed) => new ScenarioGenerator(seed).Make();

    private Scenario Make()
    {
        string[] lowersOn = [.. Enumerable.Range(0, LayerCount()).Select(_ => fileSystems.Lower())];
        string text = options.Make(isOnOneFileSystem: lowersOn.All(one => one == fileSystems.Upper));
        var layers = new LayerGenerator(random, options.IsUserXattr);
        Layer upper = (random.Next(5) < 2 ? layers.Upper() : new Layer()).On(fileSystems.Upper);
        Layer[] lowers = [.. lowersOn.Select(one => layers.Lower(isOneOfMany: lowersOn.Length > ManyLayers).On(one))];
        int kind = random.Next(4);
        bool isStateless = kind == 0;
        var operations = new OperationGenerator(random)
        {
            OnlyRoot = options.Squashes, OpenersWrite = isStateless,
            NoAcls = lowersOn.Contains(Media.ReadOnly)
        };
        return new Scenario(upper, lowers, Operations(operations), text)
        {
            OnlyMerged = options.IsIndexed,
            Io = kind switch { 0 => "stateless", 1 => OverlayOptions.OpenWithWriteBack, _ => "open" }
        };
    }

    /// <summary>Mostly few, sometimes many.</summary>
    private int LayerCount() => random.Next(100) switch
    {
        < 80 => random.Next(1, 5),
        < 93 => random.Next(5, ManyLayers),
        < 98 => random.Next(ManyLayers, 25),
        _ => random.Next(25, MostLayers + 1),
    };

    /// <summary>
    /// No rotation of an indexed upper: its index stays behind with the work directory, and what was one file is several.
    /// </summary>
    private List<Operation> Operations(OperationGenerator generator)
    {
        List<Operation> operations = [.. Enumerable.Range(0, random.Next(FewestOperations, MostOperations)).Select(_ => generator.Next())];
        if (!options.IsIndexed && random.Next(4) == 0)
            for (int count = random.Next(1, MostRotations + 1); count > 0; count--)
                operations.Insert(random.Next(operations.Count), new Rotate());
        return operations;
    }
}
