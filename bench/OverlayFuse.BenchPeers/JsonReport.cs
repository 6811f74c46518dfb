using System.Text.Json;
using System.Text.Json.Nodes;

namespace OverlayFuse.BenchPeers;

/// <summary>Everything that was measured, for other programs.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    public static void Write(string path, Machine machine, JsonObject measured)
    {
        JsonObject document = new()
        {
            ["date"] = DateTime.UtcNow.ToString("u", System.Globalization.CultureInfo.InvariantCulture),
            ["machine"] = JsonSerializer.SerializeToNode(machine),
        };
        foreach ((string name, JsonNode? node) in measured)
            document[name] = node?.DeepClone();
        File.WriteAllText(path, document.ToJsonString(Indented) + "\n");
    }

    public static JsonArray Rows(IReadOnlyList<Figure> figures, IReadOnlyList<UnionProgram> programs) =>
        [.. figures.Select(figure => new JsonObject
        {
            ["row"] = figure.Name,
            ["measurement"] = figure.Label,
            ["unit"] = figure.Unit == Unit.Seconds ? "s" : "B",
            ["goal"] = figure.Goal,
            ["goalIsRatio"] = figure.Target?.IsAbsolute == false,
            ["programs"] = new JsonObject(programs.Select(program => KeyValuePair.Create(program.Name, (JsonNode?)Of(figure, program)))),
        })];

    private static JsonObject Of(Figure figure, UnionProgram program) => new()
    {
        ["median"] = Number(figure[program].Median),
        ["ratioToKernel"] = Number(figure.Ratio(program)),
        ["values"] = new JsonArray([.. figure[program].Values.Select(value => (JsonNode)value)]),
        ["failure"] = figure[program].Failure,
        ["verdict"] = program.IsOurs ? figure.VerdictOf(program).ToString() : null,
    };

    private static JsonValue? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
