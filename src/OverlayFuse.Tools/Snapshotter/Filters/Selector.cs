using System.Text.RegularExpressions;
using OverlayFuse.Tools.Containerd;

namespace OverlayFuse.Tools.Snapshotter.Filters;

/// <summary>One condition on a field: that it is there, or how it compares with a value.</summary>
/// <param name="Field">Its path, such as labels and a name.</param>
/// <param name="Operator">Nothing, ==, != or ~=.</param>
/// <param name="Value">What it is compared with.</param>
internal sealed record Selector(IReadOnlyList<string> Field, string Operator, string Value)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    public bool Matches(Info info)
    {
        string? found = Find(info);
        return Operator switch
        {
            "" => found is not null,
            "==" => found == Value,
            "!=" => found != Value,
            _ => found is not null && Regex.IsMatch(found, Value, RegexOptions.CultureInvariant, s_patience),
        };
    }

    private string? Find(Info info) => Field[0] switch
    {
        "name" => info.Name,
        "parent" => info.Parent,
        "kind" => NameOf(info.Kind),
        "labels" => info.Labels.TryGetValue(string.Join('.', Field.Skip(1)), out string? value) ? value : null,
        _ => null,
    };

    private static string? NameOf(Kind kind) => kind switch
    {
        Kind.Active => "active",
        Kind.View => "view",
        Kind.Committed => "committed",
        _ => null,
    };
}
