using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle.Fuzz;

/// <summary>
/// Makes a failing scenario small by delta debugging: leaves out operations, layers, entries, file systems and options, as long as it still
/// fails.
/// </summary>
internal sealed class Shrinker(Func<Scenario, bool> fails)
{
    private const int MostRuns = 600;
    private int runs;

    public Scenario Shrink(Scenario scenario)
    {
        scenario = scenario with { Operations = Reduce(scenario.Operations, operations => scenario with { Operations = operations }) };
        scenario = DropLowers(scenario);
        scenario = scenario with { Upper = Shrink(scenario.Upper, upper => scenario with { Upper = upper }) };
        for (int i = 0; i < scenario.Lowers.Count; i++)
        {
            int index = i;
            Scenario before = scenario;
            Layer smaller = Shrink(scenario.Lowers[i], lower => before with { Lowers = Replace(before.Lowers, index, lower) });
            scenario = scenario with { Lowers = Replace(scenario.Lowers, index, smaller) };
        }
        scenario = DropOptions(Unwrap(scenario));
        return scenario with { Operations = Reduce(scenario.Operations, operations => scenario with { Operations = operations }) };
    }

    /// <summary>Lets root do what an ordinary user did, where that makes no difference.</summary>
    private Scenario Unwrap(Scenario scenario)
    {
        for (int i = 0; i < scenario.Operations.Count; i++)
        {
            Operation[] operations = [.. scenario.Operations];
            operations[i] = operations[i].Core;
            if (operations[i] != scenario.Operations[i] && StillFails(scenario with { Operations = operations }))
                scenario = scenario with { Operations = operations };
        }
        return scenario;
    }

    private Scenario DropOptions(Scenario scenario)
    {
        foreach (string word in scenario.Options.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            Scenario fewer = scenario with { Options = string.Join(',', scenario.Options.Split(',').Where(other => other != word)) };
            if (StillFails(fewer)) scenario = fewer;
        }
        return scenario;
    }

    private Scenario DropLowers(Scenario scenario)
    {
        for (int i = scenario.Lowers.Count - 1; i >= 0 && scenario.Lowers.Count > 1; i--)
        {
            Scenario smaller = scenario with { Lowers = [.. scenario.Lowers.Where((_, index) => index != i)] };
            if (StillFails(smaller)) scenario = smaller;
        }
        return scenario;
    }

    private Layer Shrink(Layer layer, Func<Layer, Scenario> with)
    {
        Layer smaller = Copy(Reduce(layer.Entries, entries => with(Copy(entries, layer))), layer), moved = new(smaller.Entries);
        return layer.FileSystem.Length > 0 && StillFails(with(moved)) ? moved : smaller;
    }

    private static Layer Copy(IReadOnlyList<LayerEntry> entries, Layer of) => new Layer(entries).On(of.FileSystem);

    /// <summary>Leaves out runs of items, half of them at first and single ones in the end.</summary>
    private IReadOnlyList<T> Reduce<T>(IReadOnlyList<T> items, Func<IReadOnlyList<T>, Scenario> with)
    {
        for (int size = Math.Max(1, items.Count / 2); ; size /= 2)
        {
            for (int start = 0; start < items.Count;)
            {
                T[] fewer = [.. items.Take(start), .. items.Skip(start + size)];
                if (StillFails(with(fewer))) items = fewer;
                else start += size;
            }
            if (size <= 1) return items;
        }
    }

    private bool StillFails(Scenario scenario) => runs++ < MostRuns && fails(scenario);

    private static Layer[] Replace(IReadOnlyList<Layer> layers, int index, Layer layer) =>
        [.. layers.Select((old, i) => i == index ? layer : old)];
}
