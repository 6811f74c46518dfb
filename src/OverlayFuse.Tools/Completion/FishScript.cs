using static OverlayFuse.Tools.Completion.ScriptTemplate;

namespace OverlayFuse.Tools.Completion;

/// <summary>The script for fish: a call of complete(1) for each word.</summary>
internal static class FishScript
{
    private const string NoVerb = "\"not __fish_seen_subcommand_from $verbs\"";

    public static string Of(CompletionWords words) => Fill("fish",
        ("mount_options", string.Join(" \\\n", words.Options.Select(option =>
            $"    {Quoted(option.Name)} {Quoted(option.Value)} {Quoted(option.Text)}"))),
        ("verbs", string.Join(' ', words.Verbs.Select(verb => verb.Name))),
        ("completions", Lines(words.All.SelectMany(Completions))));

    private static IEnumerable<string> Completions(CommandModel verb)
    {
        string condition = verb.Name.Length == 0 ? NoVerb : Quoted($"__fish_seen_subcommand_from {verb.Name}");
        if (verb.Name.Length > 0)
            yield return $"complete -c overlayfuse -n {NoVerb} -a {verb.Name} -d {Quoted(verb.Description)}";
        foreach (WordModel option in verb.Options)
            yield return $"complete -c overlayfuse -n {condition} {Option(option)}";
        foreach (string value in verb.Name.Length == 0 ? [] : verb.Arguments.Select(argument => argument.Value).Distinct())
        {
            if (Action(value) is { Length: > 0 } action)
                yield return $"complete -c overlayfuse -n {condition} -a {action}";
        }
    }

    private static string Option(WordModel option)
    {
        IEnumerable<string> names = CompletionWords.NamesOf(option)
            .Select(name => name.StartsWith("--", StringComparison.Ordinal) ? $"-l {name[2..]}" : $"-s {name[1..]}");
        string value = option.Value switch
        {
            "" => "",
            "FILE" => "-r -F ",
            _ => $"-x {(Action(option.Value) is { Length: > 0 } action ? $"-a {action} " : "")}",
        };
        return $"{string.Join(' ', names)} {value}-d {Quoted(option.Description)}";
    }

    private static string Action(string value) => value switch
    {
        "DIR" or "PATH" => "'(__fish_complete_directories)'",
        "FILE" => "'(__fish_complete_path)'",
        "MOUNTPOINT" => "'(findmnt -lno TARGET -t fuse.overlayfuse; __fish_complete_directories)'",
        "OPTION,..." => "'(__overlayfuse_mount_options)'",
        _ when value.Contains('|') => Quoted(string.Join(' ', value.Trim('[', ']').Split('|'))),
        _ => "",
    };

    private static string Quoted(string text) =>
        $"'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
}
