using System.Text.Json;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.See;

/// <summary>Compares a document with a schema of docs/schemas, by the keywords that those use.</summary>
internal sealed class JsonSchema
{
    private readonly JsonElement root;
    private readonly List<string> faults = [];

    private JsonSchema(JsonElement root) => this.root = root;

    /// <summary>What is wrong with a document; nothing if it fits.</summary>
    public static IReadOnlyList<string> Faults(string name, string document)
    {
        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(ProgramUnderTest.Repository, "docs", "schemas", name + ".json")));
        using var json = JsonDocument.Parse(document);
        var schema = new JsonSchema(file.RootElement);
        schema.Check(file.RootElement, json.RootElement, "");
        return schema.faults;
    }

    private void Check(JsonElement schema, JsonElement value, string at)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference))
            schema = root.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]);
        if (schema.TryGetProperty("type", out JsonElement type) && !Types(type).Contains(TypeOf(value)))
            faults.Add($"{at}: is {value.ValueKind}");
        if (schema.TryGetProperty("enum", out JsonElement words)
            && !words.EnumerateArray().Any(word => JsonElement.DeepEquals(word, value)))
            faults.Add($"{at}: is {value}");
        if (value.ValueKind == JsonValueKind.Object)
            CheckObject(schema, value, at);
        int index = 0;
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out JsonElement items))
        {
            foreach (JsonElement item in value.EnumerateArray())
                Check(items, item, $"{at}/{index++}");
        }
    }

    private void CheckObject(JsonElement schema, JsonElement value, string at)
    {
        if (!schema.TryGetProperty("properties", out JsonElement properties)) return;
        foreach (JsonElement required in schema.GetProperty("required").EnumerateArray())
        {
            if (!value.TryGetProperty(required.GetString()!, out _))
                faults.Add($"{at}: {required.GetString()} is missing");
        }
        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (properties.TryGetProperty(member.Name, out JsonElement known))
                Check(known, member.Value, $"{at}/{member.Name}");
            else
                faults.Add($"{at}: {member.Name} is not in the schema");
        }
    }

    private static IEnumerable<string?> Types(JsonElement type) => type.ValueKind == JsonValueKind.Array
        ? type.EnumerateArray().Select(one => one.GetString()) : [type.GetString()];

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "integer",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };
}
