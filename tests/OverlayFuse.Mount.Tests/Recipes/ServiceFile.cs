using System.Text.RegularExpressions;
using OverlayFuse.Mount.Tests.Harness;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace OverlayFuse.Mount.Tests.Recipes;

/// <summary>The files for CI services at their places in the repository: a GitHub action, a GitLab component.</summary>
internal static partial class ServiceFile
{
    public static string PathOf(string name) => Path.Combine(ProgramUnderTest.Repository, name);

    public static string Text(string name) => File.ReadAllText(PathOf(name));

    /// <summary>The documents of a YAML file.</summary>
    public static Dictionary<object, object>[] Read(string name)
    {
        var parser = new Parser(new StringReader(Text(name)));
        IDeserializer deserializer = new DeserializerBuilder().Build();
        var documents = new List<Dictionary<object, object>>();
        parser.Consume<StreamStart>();
        while (parser.Accept<DocumentStart>(out _)) documents.Add(deserializer.Deserialize<Dictionary<object, object>>(parser));
        return [.. documents];
    }

    public static Dictionary<object, object> Map(this Dictionary<object, object> map, string key) => (Dictionary<object, object>)map[key];

    public static IEnumerable<string> Lines(this Dictionary<object, object> map, string key) => ((List<object>)map[key]).Cast<string>();

    /// <summary>
    /// A text with the values of inputs in place of ${{ inputs.NAME }} and $[[ inputs.NAME ]], and of other expressions. An input without
    /// a value has its default.
    /// </summary>
    public static string Fill(string text, Dictionary<object, object> inputs, IReadOnlyDictionary<string, string> values) =>
        Expression().Replace(text, match =>
        {
            string name = match.Groups["name"].Value;
            if (values.TryGetValue(name, out string? value)) return value;
            string input = name.Replace("inputs.", "", StringComparison.Ordinal);
            return (string)inputs.Map(input)["default"];
        });

    /// <summary>A shell's words that set and export variables.</summary>
    public static string Exports(IEnumerable<KeyValuePair<string, string>> variables) =>
        string.Concat(variables.Select(variable => $"export {variable.Key}={Quoted(variable.Value)}\n"));

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    [GeneratedRegex(@"\$(\{\{|\[\[) *(?<name>[a-z0-9_.]+) *(\}\}|\]\])")]
    private static partial Regex Expression();
}
