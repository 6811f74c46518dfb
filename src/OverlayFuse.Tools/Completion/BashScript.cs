using static OverlayFuse.Tools.Completion.ScriptTemplate;

namespace OverlayFuse.Tools.Completion;

/// <summary>The script for bash: tables with a line for each word, in single quotes.</summary>
internal static class BashScript
{
    public static string Of(CompletionWords words) => Fill("bash",
        ("options", Table(words, verb => verb.Options.SelectMany(option =>
            CompletionWords.NamesOf(option).Select(name => $"{name} {option.Value}".TrimEnd())))),
        ("arguments", Table(words, verb => verb.Name.Length == 0 ? [] : verb.Arguments.Select(argument => argument.Value))),
        ("verbs", Lines(words.Verbs.Select(verb => verb.Name))),
        ("mount_options", Quoted(Lines(words.Options.Select(option =>
            option.Value.Length == 0 ? option.Name : $"{option.Name}={option.Value}")))));

    private static string Table(CompletionWords words, Func<CommandModel, IEnumerable<string>> rows) =>
        Quoted(Lines(words.All.SelectMany(verb => rows(verb).Select(row => $"{(verb.Name.Length == 0 ? "-" : verb.Name)} {row}"))));

    /// <summary>The text as it stands within single quotes.</summary>
    private static string Quoted(string text) => text.Replace("'", "'\\''", StringComparison.Ordinal);
}
