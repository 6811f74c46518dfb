using OverlayFuse.Mount.Tests.Harness;
using YamlDotNet.Serialization;

namespace OverlayFuse.Mount.Tests.Recipes;

/// <summary>A file of examples/.</summary>
internal static class Recipe
{
    public static string PathOf(string name) => Path.Combine(ProgramUnderTest.Repository, "examples", name);

    /// <summary>What a path of keys leads to in a YAML file: a text, or a list of maps or texts.</summary>
    public static object Read(string name, params string[] keys)
    {
        object at = Parse(File.ReadAllText(PathOf(name)));
        foreach (string key in keys)
            at = ((Dictionary<object, object>)at)[key];
        return at;
    }

    /// <summary>A text of YAML: a text, a list or a map.</summary>
    public static object Parse(string yaml) => new DeserializerBuilder().Build().Deserialize<object>(yaml);

    public static IEnumerable<string> Lines(string name, params string[] keys) => ((List<object>)Read(name, keys)).Cast<string>();

    /// <summary>The steps of a job of GitHub Actions.</summary>
    public static IEnumerable<Dictionary<object, object>> Steps(string name, string job) =>
        ((List<object>)Read(name, "jobs", job, "steps")).Cast<Dictionary<object, object>>();
}
