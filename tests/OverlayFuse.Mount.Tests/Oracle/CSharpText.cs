using System.Globalization;
using System.Reflection;
using System.Text;
using OverlayFuse.Mount.Tests.Harness;

namespace OverlayFuse.Mount.Tests.Oracle;

/// <summary>Prints operations and layers as the C# that makes them again.</summary>
internal static class CSharpText
{
    public static string Of(Operation operation) => $"new {operation.GetType().Name}({Arguments(operation)})";

    public static string Of(Layer layer) =>
        "new Layer()" + (layer.FileSystem.Length > 0 ? $".On({Quoted(layer.FileSystem, '"')})" : "")
            + string.Concat(layer.Entries.Select(entry => $"\n    .{MethodOf(entry)}({ArgumentsOfEntry(entry)})"));

    private static string ArgumentsOfEntry(object entry) => entry is SparseEntry sparse ? ArgumentsOf(sparse) : Arguments(entry);

    /// <summary>The values of a record's primary constructor.</summary>
    private static string Arguments(object record)
    {
        Type type = record.GetType();
        IEnumerable<string> values =
            from parameter in type.GetConstructors()[0].GetParameters()
            select Literal(type.GetProperty(parameter.Name!, BindingFlags.Public | BindingFlags.Instance)!.GetValue(record));
        return string.Join(", ", values);
    }

    private static string ArgumentsOf(SparseEntry sparse) =>
        string.Join(", ",
            new[] { Literal(sparse.Path), Literal(sparse.Size) }.Concat(sparse.DataAt.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    private static string MethodOf(LayerEntry entry) => entry switch
    {
        DeviceEntry => nameof(Layer.DeviceNode),
        _ => entry.GetType().Name.Replace("Entry", "", StringComparison.Ordinal),
    };

    private static string Literal(object? value) => value switch
    {
        null => "null",
        string text => Quoted(text, '"'),
        char letter => Quoted(letter.ToString(), '\''),
        bool flag => flag ? "true" : "false",
        Enum flags => string.Join(" | ", flags.ToString().Split(", ").Select(name => $"{flags.GetType().Name}.{name}")),
        Operation inner => Of(inner),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Quoted(string text, char quote)
    {
        var quoted = new StringBuilder().Append(quote);
        foreach (char letter in text)
            if (letter is < ' ' or > '~') quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
            else if (letter == '\\' || letter == quote) quoted.Append('\\').Append(letter);
            else quoted.Append(letter);
        return quoted.Append(quote).ToString();
    }
}
