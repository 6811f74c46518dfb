using OverlayFuse.Tools.Serving;
using static OverlayFuse.Tools.Completion.ScriptTemplate;

namespace OverlayFuse.Tools.Completion;

/// <summary>The script for zsh: specifications of _arguments, _values and _describe.</summary>
internal static class ZshScript
{
    public static string Of(CompletionWords words) => Fill("zsh",
        ("mount_options", Lines(words.Options.Select(option => Word(8, Option(option))))),
        ("specs", Lines(words.All.Select(Specs))),
        ("verbs", Lines(words.Verbs.Select(verb => Word(8, $"{verb.Name}:{verb.Description}")))));

    private static string Option(MountOption option) =>
        $"{option.Name}[{Plain(option.Text)}]{(option.Value.Length == 0 ? "" : $":{Plain(option.Value)}:{Action(option.Value)}")}";

    private static string Specs(CommandModel verb)
    {
        IEnumerable<string> options =
            from option in verb.Options
            from name in CompletionWords.NamesOf(option)
            let sign = option.Value.Length > 0 && name.StartsWith("--", StringComparison.Ordinal) ? "=" : ""
            let value = option.Value.Length == 0 ? "" : $":{Plain(option.Value)}:{Action(option.Value)}"
            select $"*{name}{sign}[{Plain(option.Description)}]{value}";
        IEnumerable<string> arguments =
            from argument in verb.Arguments
            let value = verb.Name.Length == 0 ? "DIR" : argument.Value
            select $"*:{Plain(value)}:{Action(value)}";
        string specs = Lines(options.Concat(arguments.Distinct()).Select(spec => Word(12, spec)));
        return $"        '{verb.Name}') specs=(\n{specs}\n        ) ;;";
    }

    /// <summary>The action of _arguments that completes a value.</summary>
    private static string Action(string value) => value switch
    {
        "DIR" or "PATH" => "_directories",
        "FILE" => "_files",
        "MOUNTPOINT" => "_overlayfuse_mountpoints",
        "OPTION,..." => "_overlayfuse_mount_options",
        _ when value.Contains("::DATA", StringComparison.Ordinal) => "_overlayfuse_layers",
        _ when value.Contains('|') => $"({string.Join(' ', value.Trim('[', ']').Split('|'))})",
        _ => " ",
    };

    /// <summary>A text within the brackets and colons of a specification.</summary>
    private static string Plain(string text) =>
        string.Concat(text.Select(c => c is '[' or ']' or ':' or '\\' ? $"\\{c}" : c.ToString()));

    private static string Word(int indent, string text) =>
        $"{new string(' ', indent)}'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
